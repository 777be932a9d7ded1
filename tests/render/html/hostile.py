"""Texts that would do something if one of them were read as markup."""

PAYLOADS = (
    "<script>alert(1)</script>",
    "</title></style><script>document.title='owned'</script>",
    "</code></pre></td></table></svg></main><img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "' onmouseover='alert(1)' x=\" onfocus=alert(1) autofocus tabindex=1 \"",
    "<iframe src='https://evil.example/'></iframe><link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<style>@import 'https://evil.example/x.css'; * { background: url(https://evil.example/y) }</style>",
    "<form action=https://evil.example/><button autofocus>go</button></form>",
    "<base href=https://evil.example/>",
    "<!--><script>alert(1)</script>-->",
    "]]><script>alert(1)</script><![CDATA[",
    "<foreignObject><body onload=alert(1)></foreignObject>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "`<img src=x onerror=alert(1)>` / <b>/ <i>",
    "javascript:alert(1) https://evil.example/x.png",
    "\x00\x1b[31m\x9b\u202e\u2028\ud800 <plaintext>",
    "{{7*7}} ${alert(1)} <%= x %>",
)
