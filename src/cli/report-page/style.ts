import { DARK, LIGHT, variablesOf } from './palette.ts'

/** Width in pixels from which a screen shows two charts side by side. */
const WIDE_SCREEN = 720

/** The style sheet of the page. */
export const STYLE = `
:root{color-scheme:light dark;${variablesOf(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${variablesOf(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Ubuntu,Cantarell,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
header,main,footer{max-width:960px;margin:0 auto;padding:0 16px}
header{padding-top:28px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px}
h2{font-size:1.3rem;line-height:1.25;margin:40px 0 12px}
h3,h4{font-size:1rem;line-height:1.35;margin:0 0 4px}
h3.currency{font-size:1.1rem;margin:20px 0 10px}
p{margin:0 0 8px}
p,li,dt,dd,h3,h4{overflow-wrap:anywhere}
a{color:var(--link)}
code{font:.85em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
nav ul,.legend{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:4px 16px}
nav{margin-top:12px;font-size:.95rem}
.note{color:var(--muted);font-size:.85rem}
.missing{color:var(--muted)}
.hidden{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.notice{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--contraction);border-radius:8px;padding:12px 16px;margin-top:20px}
.notice h2{margin:0 0 6px;font-size:1.05rem}
.notice ul{margin:0;padding-left:20px}
.tiles{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:10px}
.tiles+.card{margin-top:10px}
.cards{display:grid;grid-template-columns:minmax(0,1fr);gap:16px}
.card,.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 12px;min-width:0}
.tile h3{font-size:.9rem;font-weight:600;color:var(--muted)}
.tile{container-type:inline-size}
/* As large as its characters leave room for: a number is never broken. */
.value{font-size:min(1.6rem,calc(125cqi / var(--characters)));line-height:1.25;font-weight:700;margin:0 0 4px;white-space:nowrap;font-variant-numeric:tabular-nums}
.change{font-size:.85rem;line-height:1.35;margin:0 0 2px}
.good{color:var(--good)}
.bad{color:var(--bad)}
.tile .note{margin:0}
.legend{font-size:.85rem;color:var(--muted);margin:4px 0 8px}
.swatch{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:6px}
.chart svg{display:block;width:100%;height:auto;font-family:inherit}
.chart text{font-size:12px}
.on-wide{display:none}
details{margin-top:6px;font-size:.85rem}
.card>details:first-child{margin-top:0}
summary{cursor:pointer;color:var(--link);padding:3px 0}
dl{margin:4px 0 0}
dt{font-weight:600}
.severity{font-weight:400;color:var(--muted)}
dd{margin:0 0 8px}
.differs{display:block;margin-top:2px}
dd .note{display:block}
.scroll{overflow-x:auto;margin-top:4px}
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;min-width:100%}
th,td{padding:4px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{color:var(--muted);font-weight:600;white-space:normal;vertical-align:bottom}
th:last-child,td:last-child{padding-right:2px}
tbody th{font-weight:400}
td.words,th.words{text-align:left}
footer{padding:32px 16px 40px;color:var(--muted);font-size:.85rem}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
@media (min-width:${WIDE_SCREEN}px),print{
.card{padding:16px}
.tile{container-type:inline-size}
/* As large as its characters leave room for: a number is never broken. */
.value{font-size:min(1.6rem,calc(125cqi / var(--characters)));line-height:1.25;font-weight:700;margin:0 0 4px;white-space:nowrap;font-variant-numeric:tabular-nums}
.tiles{grid-template-columns:repeat(4,minmax(0,1fr))}
.cards{grid-template-columns:repeat(2,minmax(0,1fr))}
.whole{grid-column:1/-1}
.on-wide{display:block}
.on-phone{display:none}
}
@media print{
:root{font-size:12px}
body{background:#fff;font-size:12px}
nav{display:none}
header,main,footer{max-width:none;padding:0}
.card,.tile,.notice{break-inside:avoid}
h2,h3,h4{break-after:avoid}
.scroll{overflow:visible}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`.trim()
