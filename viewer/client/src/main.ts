/** Entry of the viewer page: asks for access and the first series while the viewer's code still loads. */
import "./viewer.css";
import { Attendance } from "./http/attendance.ts";
import { DicomWeb } from "./http/dicomweb.ts";
import { Gate } from "./http/gate.ts";
import { broughtToken, requestToken } from "./http/portal.ts";
import { TokenKeeper } from "./http/tokens.ts";
import { NARROW } from "./layout/arrangement.ts";
import { type Opening, openingOf } from "./layout/opening.ts";
import { part } from "./page/elements.ts";
import { Notice } from "./page/notice.ts";
import { Parts } from "./panes/parts.ts";
import { Preview, previewKey } from "./panes/preview.ts";
import {
  firstSeries,
  mayHoldImages,
  parseConfig,
  type SeriesSummary,
  type StudyConfig,
  type ViewerConfig,
} from "./studies/config.ts";
import { Study } from "./studies/study.ts";
import { learn } from "./words/languages.ts";
import { _ } from "./words/say.ts";
import { portalTrouble, serverTrouble } from "./words/troubles.ts";

function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

const attendance = new Map<string, Attendance>();

/** Each study counts for itself: its token is renewed in its own time. */
function attended(url: string): string {
  const known = attendance.get(url) ?? new Attendance(document);
  attendance.set(url, known);
  return known.stamp(url);
}

/** Each study has a token and a way of its own: priors may lie on other servers. */
function connect(study: StudyConfig, { csrfHeader, csrfToken }: ViewerConfig, notice: Notice): Study {
  const name = `${study.serverId} ${study.studyInstanceUid}`;
  const ask = () => requestToken({ url: attended(study.tokenUrl), csrfHeader, csrfToken });
  const brought = broughtToken(study.firstToken);
  const tokens = new TokenKeeper(ask, {
    first: brought && { value: brought, asked: performance.timeOrigin },
    onTrouble: notice.reporter(`portal ${name}`, portalTrouble, () => tokens.tryNow()),
  });
  const say = (since: number) => serverTrouble(study.institution, since);
  const report = notice.reporter(`server ${study.serverId}`, say, () => gate.tryNow());
  const gate: Gate = new Gate((trouble) => {
    report(trouble);
    opened.noteTrouble(trouble && say(trouble.since));
  });
  const opened = new Study(study, new DicomWeb(tokens, gate));
  return opened;
}

/** Long before the rest of the code has come, over a slow line. */
function showPreview(study: Study, series: SeriesSummary): void {
  const pane = document.querySelector<HTMLElement>("#grid .pane");
  if (!pane || !mayHoldImages(series)) return;
  void new Preview(new Parts(pane)).begin(previewKey(study.uid, series.uid), study.picture(series));
}

function prepare({ study, series, start, isCertain }: Opening): void {
  if (isCertain) study.prepareFirstImage(series, typeof start === "number" ? start : undefined);
  else study.prepare(series);
  // It shows where a series begins, and no other image.
  if (start === undefined) showPreview(study, series);
}

async function start(): Promise<void> {
  const config = parseConfig(JSON.parse(part("viewer-config").textContent ?? "null"), csrfToken());
  const notice = new Notice();
  const study = connect(config.study, config, notice);
  // Texts come first: some are written while the code starts.
  const code = learn(config.language).then(() => import("./page/reader.ts"));
  const studies = [study, ...config.priors.map((prior) => connect(prior, config, notice))] as const;
  const opening = openingOf(config, studies, matchMedia(NARROW).matches);
  if (opening) prepare(opening);
  const { startReader } = await code;
  startReader(config, studies, firstSeries(config.study.series), notice);
}

start().catch((error: unknown) => {
  document.documentElement.dataset.viewerState = "error";
  const message = document.querySelector<HTMLElement>('[data-part="message"]');
  if (message) {
    message.textContent = _("The viewer could not start. Load the page again; nothing was lost.");
    message.hidden = false;
  }
  throw error;
});
