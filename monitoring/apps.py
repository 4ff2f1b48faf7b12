from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "monitoring"

    def ready(self):
        from clinic import metrics
        from monitoring import counts, drug_ready, numbers
        from scheduling import wants

        metrics.gauge("alerts_open", "Alerts that nobody has acknowledged", "level", counts.open_alerts)
        metrics.gauge("sessions_in_house", "Patients in the building", "status", counts.in_house)
        numbers.register()
        wants.ask(drug_ready.readiness_items)
