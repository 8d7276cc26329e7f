"""Pages of accounts."""

from django.urls import path

from accounts.views import account, enrolment, entrance, second_step

app_name = "accounts"

urlpatterns = [
    path("", entrance.welcome, name="welcome"),
    path("about/", entrance.about, name="about"),
    path("signup/", entrance.sign_up, name="sign-up"),
    path("setup/<str:token>/", entrance.administrator, name="administrator"),
    path("login/", entrance.log_in, name="log-in"),
    path("logout/", entrance.log_out, name="log-out"),
    path("language/", entrance.language, name="language"),
    path("second-step/", second_step.check, name="second-step"),
    path("second-step/send/", second_step.send, name="second-step-send"),
    path("second-step/set-up/", enrolment.choose, name="set-up"),
    path("second-step/set-up/app/", enrolment.app, name="set-up-app"),
    path("second-step/set-up/email/", enrolment.email, name="set-up-email"),
    path("second-step/recovery/", enrolment.recovery, name="set-up-recovery"),
    path("second-step/recovery/keep/", enrolment.keep, name="set-up-keep"),
    path("account/", account.overview, name="account"),
    path("account/confirm/", account.confirm, name="account-confirm"),
    path("account/confirm/send/", account.send_code, name="account-send-code"),
    path("account/name/", account.name, name="account-name"),
    path("account/password/", account.password, name="account-password"),
    path("account/email/", account.email, name="account-email"),
    path("account/email/confirm/", account.email_confirm, name="account-email-confirm"),
    path("account/factors/<str:kind>/remove/", account.remove_factor, name="account-remove-factor"),
    path("account/sessions/end/", account.end_sessions, name="account-end-sessions"),
    path("account/sessions/<uuid:session_id>/end/", account.end_session, name="account-end-session"),
]
