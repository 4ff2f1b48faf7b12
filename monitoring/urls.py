"""Pages of the chairside."""

from django.urls import path

from monitoring.views import chair, floor, limits

app_name = "monitoring"
_session = "sessions/<uuid:session_id>"
urlpatterns = [
    path("floor/", floor.floor, name="floor"),
    path("settings/limits/", limits.limits, name="limits"),
    path("alerts/<uuid:alert_id>/", floor.acknowledge, name="acknowledge"),
    path(f"{_session}/chair/", chair.chair, name="chair"),
    path(f"{_session}/record/", chair.record, name="record"),
    path(f"{_session}/arrive/", chair.arrive, name="arrive"),
    path(f"{_session}/pre-dose/", chair.pre_dose, name="pre-dose"),
    path(f"{_session}/device/", chair.device, name="device"),
    path(f"{_session}/device/<int:number>/correct/", chair.correct_device, name="correct-device"),
    path(f"{_session}/stop-dosing/", chair.stop_dosing, name="stop-dosing"),
    path(f"{_session}/checkpoint/", chair.checkpoint, name="checkpoint"),
    path(f"{_session}/checkpoint/<uuid:entry>/correct/", chair.correct_checkpoint, name="correct-checkpoint"),
    path(f"{_session}/ready/", chair.ready, name="ready"),
    path(f"{_session}/leave/", chair.leave, name="leave"),
    path(f"{_session}/reopen/", chair.reopen, name="reopen"),
]
