"""Pages of the drug."""

from django.urls import path

from monitoring.views import device_step, drug, drug_papers, drug_records, exchange, lacking

_session = "sessions/<uuid:session_id>"
urlpatterns = [
    path("drug/", drug.cabinet, name="drug"),
    path("drug/lacking/", lacking.lacking, name="drug-lacking"),
    path("drug/receive/", drug.receive, name="drug-receive"),
    path("drug/receive/scan/", drug.read_code, name="drug-scan"),
    path("drug/waste/", drug.end, {"kind": "waste"}, name="drug-waste"),
    path("drug/return/", drug.end, {"kind": "return"}, name="drug-return"),
    path("drug/lose/", drug.end, {"kind": "lose"}, name="drug-lose"),
    path("drug/settings/", drug.settings, name="drug-settings"),
    path("drug/kits/<uuid:kit_id>/", drug.kit, name="kit"),
    path("drug/devices/<uuid:device_id>/right/", drug.right, name="device-right"),
    path("drug/ledger/", drug_records.ledger, name="drug-ledger"),
    path("drug/count/", drug_records.count, name="drug-count"),
    path("drug/counts/", drug_records.counts, name="drug-counts"),
    path("drug/counts/<uuid:count_id>/", drug_records.counted, name="count"),
    path("drug/counts/<uuid:count_id>/pdf/", drug_papers.count_pdf, name="count-pdf"),
    path("drug/losses/", drug_records.all_losses, name="drug-losses"),
    path("drug/losses/<uuid:loss_id>/", drug_records.loss, name="loss"),
    path("drug/losses/<uuid:loss_id>/notice/", drug_records.notice, name="loss-notice"),
    path("drug/losses/<uuid:loss_id>/form/", drug_records.form_106, name="loss-form"),
    path("drug/deliveries/", drug_records.delivery, name="drug-delivery"),
    path("drug/deliveries/<uuid:delivery_id>/cancel/", drug_records.cancel_delivery, name="delivery-cancel"),
    path("drug/audit/", drug_papers.audit, name="drug-audit"),
    path("drug/audit/pdf/", drug_papers.audit_pdf, name="drug-audit-pdf"),
    path("drug/audit/csv/", drug_papers.audit_csv, name="drug-audit-csv"),
    path(f"{_session}/device/scan/", device_step.scan, name="device-scan"),
    path(f"{_session}/device/<int:number>/exchange/", exchange.exchange, name="device-exchange"),
]
