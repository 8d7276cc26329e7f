"""The tables of people: who they are, how they prove it, where they are logged in."""

from accounts.models.factors import FACTORS, EmailFactor, Factor, RecoveryCode, RecoverySet, TOTPFactor, rows_of_factor
from accounts.models.mailcode import MailCode
from accounts.models.session import AccountSession
from accounts.models.setuplink import SetupLink
from accounts.models.user import User
from accounts.models.words import DirectoryWord

__all__ = [
    "FACTORS",
    "AccountSession",
    "DirectoryWord",
    "EmailFactor",
    "Factor",
    "MailCode",
    "RecoveryCode",
    "RecoverySet",
    "SetupLink",
    "TOTPFactor",
    "User",
    "rows_of_factor",
]
