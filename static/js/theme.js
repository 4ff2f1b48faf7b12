// Before the page is drawn: the theme chosen on this device, or the system's. No flash of the other one.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let choice = null;
    try { choice = localStorage.getItem("theme"); } catch { /* storage may be forbidden */ }
    document.documentElement.dataset.bsTheme = choice || (system.matches ? "dark" : "light");
    document.documentElement.dataset.themeChoice = choice || "system";
  };
  apply();
  system.addEventListener("change", apply);
  window.setTheme = (choice) => {
    try {
      if (choice === "system") localStorage.removeItem("theme"); else localStorage.setItem("theme", choice);
    } catch { /* the choice then lasts as long as the page */ }
    apply();
    if (choice !== "system") document.documentElement.dataset.bsTheme = choice;
  };
})();
