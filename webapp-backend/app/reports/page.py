"""The report as one HTML page that needs nothing from outside, to be printed or sent on."""

import jinja2

from app.reports import messages
from app.schemas.report import Report
from detection_model.inference.verdict import percent
from detection_model.provenance.record import attachment_text, claim_text, credentials_text

# The page has no script, and would not be allowed one.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"  # noqa: E501

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("app.reports", "."),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# Printed metadata: number of fields, and characters of each. The JSON report has all of it.
_FIELDS = 12
_LONGEST = 100


def page(report: Report) -> str:
    """The whole page. Everything that came from outside is escaped."""
    shown = [entry for entry in report.provenance.entries if entry.value is not None]
    return _ENVIRONMENT.get_template("report.html.jinja").render(
        report=report,
        lead=next(one for one in report.results if one.model == report.leading),
        with_faces=[one for one in report.results if one.faces],
        most_faces=max(len(one.faces) for one in report.results),
        entries=shown[:_FIELDS],
        unshown=len(shown[_FIELDS:]),
        longest=_LONGEST,
        policy=POLICY,
        messages=messages,
        claim=claim_text,
        attachment=attachment_text,
        credentials=credentials_text,
        percent=percent,
    )
