"""Text that attacks whatever shows it: a browser, a terminal, a spreadsheet, a reader's eye."""
# ruff: noqa: E501 - an attack is one line

_HACK = "window.hacked = 1"

ATTACKS = {
    "closing-tags": f"</script></style></title></textarea></template></details></div><script>{_HACK}</script>"
    f"<!-- <script> --> <noscript><p title='</noscript><img src=x onerror={_HACK}>'>",
    "handlers": f"\"'><svg onload={_HACK}><img src=x onerror={_HACK}><body onpageshow={_HACK}> "
    f"<details open ontoggle={_HACK}>x</details> ' autofocus onfocus={_HACK} x='",
    "elements": "<base href=https://evil.example/><meta http-equiv=refresh content='0;url=https://evil.example'>"
    f"<iframe srcdoc='<script>{_HACK}</script>'></iframe><object data=x></object><link rel=stylesheet href=//e.example>"
    f"<style>*{{display:none!important}}</style><form action=//e.example><button>x</button></form>"
    f"<math><mi xlink:href=javascript:{_HACK}>x</mi></math>",
    "links": f"[a](javascript:{_HACK}) [b](JaVaScRiPt:{_HACK}) [c](data:text/html,<script>{_HACK}</script>) "
    f"[d](//evil.example) [e](vbscript:x) <javascript:{_HACK}> <data:text/html,x> ![f](https://evil.example/x.png) "
    f"[g]( java\tscript:{_HACK}) [h](&#106;avascript:{_HACK}) [i]: javascript:{_HACK}",
    "clobbering": "<form id=filter><input name=elements></form><a id=facts name=known href=x>y</a> __proto__ constructor",
    "templates": "{{ 7 * 7 }} {% for x in y %} ${7*7} #{7*7} <%= 7*7 %> {# x #}",
    "table": "| " + " | ".join(f"column{n}" + "w" * 40 for n in range(120)) + " |\n|" + "---|" * 120
    + ("\n|" + " cell |" * 120) * 40,
    "terminal": "\x1b[31mred \x1b]0;title\x07 \x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\ \x9b2J \r overwritten \x08\x7f",
    "direction": "\u202egnp.exe\u202c \u2066\u2067hidden\u2069 \u200f Z\u0351\u036b\u0343\u036a\u0302\u036balgo" * 3,
    "nothing": "a\x00b \x00</script> \ufffe \ufeff \u2028 \u2029",
    "formula": '=HYPERLINK("https://evil.example")\n+cmd|\' /C calc\'!A0\n-1+1\n@SUM(A1)\n\t=1+1',
    "unbroken": "W" * 20_000,
    "nested": "> " * 400 + "deep\n\n" + "- " * 200 + "deep\n\n" + "[" * 2000 + "`" * 999 + "*_" * 2000,
}  # fmt: skip
"""What a model, a dataset or an agent file may hold, by what it aims at."""

ENDLESS = "x" * 5_000_000
"""One line of five megabytes, which only an answer can be."""
