from datetime import UTC, datetime, timedelta

import pytest

from clinic import clock


@pytest.fixture
def demo_clock(settings, tmp_path):
    settings.DATA_DIR, settings.DEMO_CLOCK = tmp_path, True


def test_now_is_the_real_time_where_no_demo_clock_is_allowed(settings, tmp_path, time_machine):
    settings.DATA_DIR, settings.DEMO_CLOCK = tmp_path, False
    (tmp_path / "demo_clock").write_text("3600")
    time_machine.move_to(datetime(2026, 3, 2, 14, tzinfo=UTC), tick=False)

    assert clock.now() == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_move_adds_up_and_every_process_sees_it(demo_clock, time_machine):
    time_machine.move_to(datetime(2026, 3, 2, 14, tzinfo=UTC), tick=False)

    clock.move(timedelta(hours=1))
    total = clock.move(timedelta(minutes=30))

    assert total == timedelta(minutes=90)
    assert clock.now() == datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


def test_move_refuses_to_go_back(demo_clock):
    with pytest.raises(ValueError, match="forward only"):
        clock.move(timedelta(seconds=-1))


def test_move_refuses_without_a_demo(settings):
    settings.DEMO_CLOCK = False
    with pytest.raises(ValueError, match="demo clinic only"):
        clock.move(timedelta(hours=1))


def test_shift_reads_a_damaged_file_as_no_shift(demo_clock, tmp_path):
    (tmp_path / "demo_clock").write_text("soon")
    assert clock.shift() == timedelta()
