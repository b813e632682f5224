/** Entry of the viewer page: asks for access and the first series while the viewer's code still loads. */
import "./viewer.css";
import { DicomWeb } from "./http/dicomweb.ts";
import { Gate } from "./http/gate.ts";
import { requestToken } from "./http/portal.ts";
import { TokenKeeper } from "./http/tokens.ts";
import { firstSeries, parseConfig, type ViewerConfig } from "./page/config.ts";
import { part } from "./page/elements.ts";
import { Notice } from "./page/notice.ts";
import { portalTrouble, serverTrouble } from "./page/words.ts";

function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

function connect(config: ViewerConfig, notice: Notice): DicomWeb {
  const tokens = new TokenKeeper(
    () => requestToken({ url: config.tokenUrl, csrfHeader: config.csrfHeader, csrfToken: config.csrfToken }),
    { onTrouble: notice.reporter("portal", portalTrouble, () => tokens.tryNow()) },
  );
  const say = (since: number) => serverTrouble(config.institution, since);
  const gate: Gate = new Gate(notice.reporter("server", say, () => gate.tryNow()));
  return new DicomWeb(tokens, gate);
}

async function start(): Promise<void> {
  const config = parseConfig(JSON.parse(part("viewer-config").textContent ?? "null"), csrfToken());
  const notice = new Notice();
  const dicomweb = connect(config, notice);
  const code = import("./page/reader.ts");
  const first = firstSeries(config.series);
  const frames = first && dicomweb.seriesFrames(config.studyInstanceUid, first.uid);
  // Handled where the series is opened.
  frames?.catch(() => {});
  const { Reader } = await code;
  const reader = new Reader(config, dicomweb, notice);
  if (first && frames) await reader.open(first, frames);
  else reader.nothingToOpen();
}

start().catch((error: unknown) => {
  document.documentElement.dataset.viewerState = "error";
  const message = part("stage-message");
  message.textContent = "The viewer could not start. Load the page again; nothing was lost.";
  message.hidden = false;
  throw error;
});
