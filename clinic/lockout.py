"""Whose failed tries are counted."""


def username_of(request, credentials):
    """The name that was tried: allauth's form calls the field "login", its backends "username"."""
    if credentials:
        return credentials.get("username") or credentials.get("login")
    return request.POST.get("login") or request.POST.get("username") if request else None
