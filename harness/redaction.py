"""Keys and passwords taken out of text before anybody sees it.

A short list of shapes that are keys beyond doubt, each by the mark its maker gave it, and no guessing by
entropy: a hash or an id that goes missing from a report costs trust, too. Nothing here knows the keys in use.
"""

import re

_GONE = "[redacted]"

# A word that must occur, in whatever case, for a shape to be looked for at all, and the shape. What stands in
# the group `kept` stays, to tell what was there. No match reaches over a quotation mark, so that JSON stays
# JSON; and there a line end before a key is the letter n after a backslash, so ^ stands for: where no word
# goes on. A shape begins with fixed letters where it can: they are found fast, and ^ then looks back.
_SHAPES = (
    ("sk-", r"(?P<kept>sk-^(?:ant-|proj-)?)(?=[\w-]{0,99}[0-9])[A-Za-z0-9_-]{16,}"),
    ("akia", r"(?P<kept>AKIA^)[0-9A-Z]{16}\b"),
    ("asia", r"(?P<kept>ASIA^)[0-9A-Z]{16}\b"),
    ("aws_secret", r"(?P<kept>aws_secret_access_key\W{1,4})[A-Za-z0-9/+]{40}\b"),
    ("aws_secret", r"(?P<kept>AWS_SECRET_ACCESS_KEY\W{1,4})[A-Za-z0-9/+]{40}\b"),
    *((f"gh{kind}_", rf"(?P<kept>gh{kind}_^)[A-Za-z0-9_]{{20,}}") for kind in "pousr"),
    ("github_pat_", r"(?P<kept>github_pat_^)[A-Za-z0-9_]{20,}"),
    ("glpat-", r"(?P<kept>glpat-^)[A-Za-z0-9_-]{20,}"),
    ("xox", r"(?P<kept>xox^[abeoprs]-)[A-Za-z0-9-]{10,}"),
    ("hooks.slack.com", r"(?P<kept>hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_-]+"),
    ("aiza", r"(?P<kept>AIza^)[A-Za-z0-9_-]{35}"),
    ("eyj", r"(?P<kept>eyJ^)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    ("earer", r"(?P<kept>^[Bb]earer\s{1,3})(?=[^\s\"]*[0-9])[A-Za-z0-9._~+/=-]{16,}"),
    ("x-api-key", r"(?i:(?P<kept>^x-api-key[\"']?\s{0,3}[:=]\s{0,3}[\"']?))[A-Za-z0-9._~+/=-]{8,}"),
    # A placeholder, such as ${PASSWORD} or <password>, is no password.
    ("://", r"(?P<kept>://[^\s/:@\"'<>\\]{0,200}:)(?![${*])[^\s/@\"'<>\\]{1,200}(?=@)"),
    (
        "private key",
        r"(?P<kept>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)[^\"]{1,20000}?(?=-----END [A-Z ]{0,30}PRIVATE)",
    ),
)
_FIXED = re.compile(r"(?<=<kept>)([\w-]*)\^")


def _begun(found: re.Match[str]) -> str:
    """Put what ^ stands for behind the fixed letters, for Python's look-behind knows its width."""
    fixed = found.group(1)
    return rf"{fixed}(?:(?<![A-Za-z0-9_]{fixed})|(?<=\\[nrt]{fixed}))"


_COMPILED = tuple((word, re.compile(_FIXED.sub(_begun, shape))) for word, shape in _SHAPES)


def redacted(text: str) -> str:
    """Take out of a text what has the shape of a key, a token, a private key or a password in an address.

    The beginning that tells what it was stays. Applied twice it gives the same.

    >>> redacted("401 for sk-ant-api03-Zm9vYmFyYmF6cXV4")
    '401 for sk-ant-[redacted]'
    >>> redacted("postgresql://ann:hunter2@db/evals")
    'postgresql://ann:[redacted]@db/evals'
    """
    small = text.lower()
    for word, shape in _COMPILED:
        if word in small:
            text = shape.sub(rf"\g<kept>{_GONE}", text)
    return text
