"""What scheduling tells whoever is above it, inside the transaction of the change.

Sent with `send`: a booking whose reminders cannot be written down is no booking.
"""

from django.dispatch import Signal

# Arguments: course, sessions (a list), by, now.
course_booked = Signal()
# Arguments: sessions (a list, of one course or of many), by, now. Sent once for all that moved in one go.
sessions_moved = Signal()
# Arguments: session, from_status, to_status, by, now. Cancellation, no-show, arrival and their undoing.
session_status_changed = Signal()
# Arguments: session, by, now. Confirmed, another time wanted, or running late.
session_answered = Signal()
