"""Template tags for the page's modules: `{% importmap %}` once, then `{% module "js/main.js" %}`."""

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from chatproject.importmap import import_map

register = template.Library()


@register.simple_tag
def importmap() -> SafeString:
    """The inline import map. Its text is ours alone: paths of our own files and their hashes."""
    return mark_safe(f'<script type="importmap">{import_map().text}</script>')  # noqa: S308


@register.simple_tag
def module(path: str) -> SafeString:
    """A module script by its hashed name, with its hash."""
    return format_html(
        '<script type="module" src="{}" integrity="{}"></script>',
        staticfiles_storage.url(path),
        import_map().integrity[path],
    )
