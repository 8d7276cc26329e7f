"""What people type, parsed and refused in words that say what to do."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.names import (
    DISPLAY_NAME_MAX_CHARS,
    NAME_MAX_CHARS,
    NAME_MIN_CHARS,
    clean_display_name,
    fold_name,
    is_name,
)
from accounts.validators import PASSWORD_MAX_CHARS

CODE_MAX_CHARS = 40
EMAIL_MAX_CHARS = User._meta.get_field("email").max_length


class UserNameField(forms.CharField):
    """A user name in its stored form; whether it is free is asked elsewhere."""

    def __init__(self, *, new: bool = False, **kwargs: Any) -> None:
        self.new = new
        attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(label=_("User name"), widget=forms.TextInput(attrs=attrs), strip=True, **kwargs)

    def to_python(self, value: Any) -> str:
        return fold_name(super().to_python(value) or "")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.new and not is_name(value):
            raise ValidationError(
                _("Use %(least)d to %(most)d characters: letters from a to z, digits, and . _ -"),
                code="name_grammar",
                params={"least": NAME_MIN_CHARS, "most": NAME_MAX_CHARS},
            )


class DisplayNameField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Name that others see"),
            max_length=DISPLAY_NAME_MAX_CHARS,
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        return clean_display_name(super().to_python(value) or "")


class PasswordField(forms.CharField):
    """Nothing is cut off or changed; pasting and password managers are welcome."""

    def __init__(self, *, new: bool = False, **kwargs: Any) -> None:
        attrs = {"autocomplete": "new-password" if new else "current-password", "data-password": ""}
        if new:
            attrs |= {"data-strength": "", "minlength": "12", "maxlength": str(PASSWORD_MAX_CHARS)}
        kwargs.setdefault("label", _("Password"))
        super().__init__(
            strip=False, widget=forms.PasswordInput(attrs=attrs), max_length=4 * PASSWORD_MAX_CHARS, **kwargs
        )


class CodeField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "spellcheck": "false"}
        kwargs.setdefault("label", _("Code"))
        super().__init__(max_length=CODE_MAX_CHARS, widget=forms.TextInput(attrs=attrs), **kwargs)


class SignUpForm(forms.Form):
    name = UserNameField(
        new=True,
        max_length=NAME_MAX_CHARS,
        help_text=_("3 to 32 characters: letters from a to z, digits, and . _ - It cannot be changed later."),
    )
    display_name = DisplayNameField(help_text=_("You can change it whenever you like."))
    password = PasswordField(
        new=True, help_text=_("At least 12 characters. A few words that only you put together work well.")
    )
    email = forms.EmailField(
        label=_("E-mail (optional)"),
        required=False,
        max_length=EMAIL_MAX_CHARS,
        help_text=_("For login codes and notices. Never shown to others."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["data-name-check"] = ""

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        if User.objects.get_queryset().filter(name=name).exists():
            raise ValidationError(_("This user name is taken. Choose another one."), code="name_taken")
        return name

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "password" in data:
            fields = {key: data.get(key, "") for key in ("name", "display_name", "email")}
            _check_password(self, "password", User(**fields))
        return data


class LogInForm(forms.Form):
    name = UserNameField(max_length=64)
    password = PasswordField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autofocus"] = True


class CodeForm(forms.Form):
    """A code of one chosen factor."""

    factor = forms.CharField(widget=forms.HiddenInput, max_length=64)
    code = CodeField()


class FirstCodeForm(forms.Form):
    """The code that confirms a factor being set up."""

    code = CodeField()


class KeepForm(forms.Form):
    kept = forms.BooleanField(
        label=_("I have kept them"), error_messages={"required": _("Save the codes first, then tick the box.")}
    )


class PresenceForm(CodeForm):
    """Password and code, before an account is changed."""

    password = PasswordField()
    field_order = ("factor", "password", "code")


class DisplayNameForm(forms.Form):
    display_name = DisplayNameField()


class PasswordForm(forms.Form):
    old = PasswordField(label=_("Present password"))
    new = PasswordField(new=True, label=_("New password"), help_text=_("At least 12 characters."))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> dict[str, Any]:
        if "new" in self.cleaned_data:
            _check_password(self, "new", self.user)
        return self.cleaned_data


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("New e-mail"), max_length=EMAIL_MAX_CHARS, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


class LanguageForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)


def _check_password(form: forms.Form, field: str, user: User) -> None:
    try:
        validate_password(form.cleaned_data[field], user)
    except ValidationError as error:
        form.add_error(field, error)
