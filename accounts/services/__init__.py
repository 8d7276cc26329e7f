"""What can be done with accounts: verbs with keyword-only arguments, each one transaction. The only place that writes
their rows.
"""

from accounts.services.codes import check_code, is_code_out, send_address_code, send_factor_code
from accounts.services.enrol import (
    confirm_factor,
    has_second_step,
    keep_recovery_codes,
    renew_recovery_codes,
    start_app,
    start_email,
)
from accounts.services.fieldkeys import seal_anew, sealed_with_older_keys
from accounts.services.login import log_in, log_out, pass_second_step
from accounts.services.people import create_person, rename, set_active, set_bundle_version, set_language, set_staff
from accounts.services.profile import change_password, confirm_address, remove_factor
from accounts.services.sessions import (
    attempt_of,
    end_session,
    end_sessions,
    full_login,
    full_logins,
    note_seen,
    password_login,
    tries_of,
)
from accounts.services.setup import make_setup_link, sign_up_administrator, usable_setup_link
from accounts.services.stepup import confirm_presence, is_present

__all__ = [
    "attempt_of",
    "change_password",
    "check_code",
    "confirm_address",
    "confirm_factor",
    "confirm_presence",
    "create_person",
    "end_session",
    "end_sessions",
    "full_login",
    "full_logins",
    "has_second_step",
    "is_code_out",
    "is_present",
    "keep_recovery_codes",
    "log_in",
    "log_out",
    "make_setup_link",
    "note_seen",
    "pass_second_step",
    "password_login",
    "remove_factor",
    "rename",
    "renew_recovery_codes",
    "seal_anew",
    "sealed_with_older_keys",
    "send_address_code",
    "send_factor_code",
    "set_active",
    "set_bundle_version",
    "set_language",
    "set_staff",
    "sign_up_administrator",
    "start_app",
    "start_email",
    "tries_of",
    "usable_setup_link",
]
