"""The patterns that values of requests must match, in words: nobody is shown an expression."""

from workflow.sql.storable import WITHOUT_NUL

PATTERNS: dict[str, str] = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lower-case letters and digits, with single hyphens between, such as acme-insights",
    r"^[a-z0-9]+([._-][a-z0-9]+)*$": "lower-case letters and digits, with single dots, hyphens or underscores between",
    r"^[^\x00-\x1f\x7f]+$": "one line of text, without control characters",
    r"^[^\x00]*[^\x00\s][^\x00]*$": "text that is more than white space, without the character NUL",
    WITHOUT_NUL: "text without the character NUL",
    r"^[^\s\x00-\x1f\x7f]+$": "an address such as https://acme.example, without spaces",
    r"^[A-Za-z0-9_=-]{1,500}$": "the token as it is in the link: letters, digits, hyphens, underscores and =",
    r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$": "a name of the IANA time zone database, such as Europe/Berlin",
    r"^[A-Za-z0-9_.:-]{1,128}$": "1 to 128 letters, digits and the characters _ . : -, such as workspace-1",
    r"^[\x21-\x7e]+$": "letters, digits and signs of ASCII, without spaces",
    r"^[a-z0-9_.]+$": "lower-case letters, digits, underscores and dots, such as partners_page.no_utm",
    r"^[a-z0-9_.]{1,64}$": "1 to 64 lower-case letters, digits, underscores and dots, such as partners_page.no_utm",
    r"^[a-z0-9_]{1,64}$": "1 to 64 lower-case letters, digits and underscores, such as end_to_end_check",
    r"^[a-z0-9-]{1,64}$": "1 to 64 lower-case letters, digits and hyphens, such as utm",
    r"^[A-Za-z0-9_-]{1,100}$": "the secret or code as it was sent: 1 to 100 letters, digits, hyphens and underscores",
    r"^[A-Za-z0-9_-]+$": "the token as it is in the link: letters, digits, hyphens and underscores",
    "^[a-z]+$": "lower-case letters",
    "^[a-z]*$": "lower-case letters, such as webhook",
}
"""A test makes sure that every pattern of every route is here."""
