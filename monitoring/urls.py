"""Pages of the chairside."""

from django.urls import path

from monitoring import urls_drug, urls_rems
from monitoring.views import chair, floor, limits, tablet

app_name = "monitoring"
_session = "sessions/<uuid:session_id>"
urlpatterns = [
    path("worker.js", tablet.worker, name="worker"),
    path("offline/", tablet.offline, name="offline"),
    path("clock/", tablet.clinic_clock, name="clock"),
    path("floor/", floor.floor, name="floor"),
    path("floor/hand-over/", floor.hand_over, name="hand-over"),
    path("settings/limits/", limits.limits, name="limits"),
    path("alerts/<uuid:alert_id>/", floor.acknowledge, name="acknowledge"),
    path(f"{_session}/chair/", chair.chair, name="chair"),
    path(f"{_session}/record/", chair.record, name="record"),
    path(f"{_session}/arrive/", chair.arrive, name="arrive"),
    path(f"{_session}/pre-dose/", chair.pre_dose, name="pre-dose"),
    path(f"{_session}/decided-by/", chair.decided_by, name="decided-by"),
    path(f"{_session}/device/", chair.device, name="device"),
    path(f"{_session}/device/<int:number>/correct/", chair.correct_device, name="correct-device"),
    path(f"{_session}/stop-dosing/", chair.stop_dosing, name="stop-dosing"),
    path(f"{_session}/checkpoint/", chair.checkpoint, name="checkpoint"),
    path(f"{_session}/checkpoint/<uuid:entry>/correct/", chair.correct_checkpoint, name="correct-checkpoint"),
    path(f"{_session}/escort/", chair.escort, name="escort"),
    path(f"{_session}/instructions-given/", chair.instructions_given, name="instructions-given"),
    path(f"{_session}/ready/", chair.ready, name="ready"),
    path(f"{_session}/leave/", chair.leave, name="leave"),
    path(f"{_session}/reopen/", chair.reopen, name="reopen"),
    path(f"{_session}/discard/", tablet.discard, name="discard"),
    *urls_drug.urlpatterns,
    *urls_rems.urlpatterns,
]
