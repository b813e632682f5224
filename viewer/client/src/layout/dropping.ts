/** Series are dragged from the rail into a viewport; Enter and a click do the same for the active one. */
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import { type Hung, seriesOf } from "./arrangement.ts";

const KIND = "application/x-dicom-network-series";

function draggedSeries(workspace: Workspace, event: DragEvent): Hung | null {
  const [studyUid, serverId, seriesUid] = (event.dataTransfer?.getData(KIND) ?? "").split(" ");
  return seriesOf(workspace.studies, studyUid ?? "", serverId ?? "", seriesUid ?? "");
}

function paneOf(workspace: Workspace, event: Event): Pane | null {
  const element = event.target instanceof Element ? event.target.closest(".pane") : null;
  return workspace.panes.find((pane) => pane.element === element) ?? null;
}

/** Marks the viewport over which something is held. */
function mark(workspace: Workspace, over: Pane | null): void {
  for (const pane of workspace.panes) pane.element.toggleAttribute("data-drop", pane === over);
}

export function startDropping(workspace: Workspace, grid: HTMLElement): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-series-button]")) {
    button.addEventListener("dragstart", (event) => {
      const { studyUid, serverId, seriesUid } = button.dataset;
      event.dataTransfer?.setData(KIND, `${studyUid} ${serverId} ${seriesUid}`);
      if (event.dataTransfer) event.dataTransfer.effectAllowed = "copy";
    });
  }
  grid.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes(KIND)) return;
    const pane = paneOf(workspace, event);
    mark(workspace, pane);
    if (pane) event.preventDefault();
  });
  grid.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node) || !grid.contains(event.relatedTarget)) mark(workspace, null);
  });
  grid.addEventListener("drop", (event) => {
    const pane = paneOf(workspace, event);
    const hung = draggedSeries(workspace, event);
    mark(workspace, null);
    if (!pane || !hung) return;
    event.preventDefault();
    workspace.activate(pane);
    void workspace.open(hung.study, hung.series, pane);
    pane.viewport.focus({ preventScroll: true });
  });
}
