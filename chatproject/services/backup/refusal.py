"""Why a backup was not made, read or restored: a code and a sentence for whoever typed the command."""

SENTENCES = {
    "BAD_KEY": "This is no key for backups.",
    "WRONG_KEY": "The archive was sealed for another key.",
    "BAD_ARCHIVE": "This is no archive of this program, or it was changed.",
    "CUT_SHORT": "The end of the archive is missing or was changed.",
    "NEWER": "The archive was made by a newer version: install that version first.",
    "OTHER_TABLES": "A database has tables of another version than the archive: use one without tables, "
    "they are made and brought up to date here.",
    "NOT_EMPTY": "There is something in the databases or among the attachments already: nothing was changed.",
    "BUCKET_GONE": "The bucket of the attachments refuses or does not answer: look at BLOBS_URL.",
    "OTHER_SECRETS": "LOG_KEY_SEED or FIELD_KEYS are not those of the archive: put the old secrets in place first.",
}


class BackupRefused(Exception):
    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {SENTENCES[code]}" + (f" ({detail})" if detail else ""))
        self.code = code
