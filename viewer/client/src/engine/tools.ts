/** Mouse and touch: which drag does what. */
import {
  addTool,
  BaseTool,
  Enums,
  init,
  PanTool,
  ToolGroupManager,
  type Types,
  ZoomTool,
} from "@cornerstonejs/tools";

export type ToolName = "scroll" | "window" | "zoom" | "move";

type Drag = Types.EventTypes.InteractionEventType;

/** Pixels of dragging that make one image: the whole height is the whole series, but never under 2 px. */
export function pixelsPerImage(height: number, images: number): number {
  return Math.max(2, height / Math.max(images, 8));
}

export interface ToolHooks {
  step(images: number): void;
  dragStep(): number;
  window(x: number, y: number): void;
}

let hooks: ToolHooks = { step() {}, dragStep: () => 8, window() {} };

/** A tool that hands its drags on, by mouse or finger. */
abstract class DragTool extends BaseTool {
  constructor(
    toolProps = {},
    defaultToolProps = { supportedInteractionTypes: ["Mouse", "Touch"], configuration: {} },
  ) {
    super(toolProps, defaultToolProps);
  }

  mouseDragCallback(event: Drag): void {
    this.dragged(...event.detail.deltaPoints.canvas);
  }

  touchDragCallback(event: Drag): void {
    this.dragged(...event.detail.deltaPoints.canvas);
  }

  protected abstract dragged(x: number, y: number): void;
}

/** Scrolls by dragging; goes through the view, so that no drag waits for an image. */
class ScrollTool extends DragTool {
  static override toolName = "DragScroll";
  private rest = 0;

  protected dragged(_x: number, y: number): void {
    const perImage = hooks.dragStep();
    this.rest += y;
    const images = Math.trunc(this.rest / perImage);
    this.rest -= images * perImage;
    if (images !== 0) hooks.step(images);
  }
}

/** Sets the window by dragging. */
class WindowTool extends DragTool {
  static override toolName = "DragWindow";

  protected dragged(x: number, y: number): void {
    hooks.window(x, y);
  }
}

const CLASSES = { scroll: ScrollTool, window: WindowTool, zoom: ZoomTool, move: PanTool } as const;

const GROUP = "viewer";

/** To be called before a viewport exists: it listens for new ones. */
export function startTools(): void {
  init();
  for (const tool of Object.values(CLASSES)) addTool(tool);
}

export function bindTools(viewportId: string, engineId: string, toolHooks: ToolHooks): void {
  hooks = toolHooks;
  const group = ToolGroupManager.createToolGroup(GROUP);
  if (!group) throw new Error("the tools were bound twice");
  for (const tool of Object.values(CLASSES)) group.addTool(tool.toolName);
  group.addViewport(viewportId, engineId);
}

/** The tool of the left button and of one finger; the other buttons keep theirs. */
export function chooseTool(name: ToolName): void {
  const group = ToolGroupManager.getToolGroup(GROUP);
  if (!group) return;
  const { MouseBindings } = Enums;
  const bindings: Record<ToolName, { mouseButton?: number; numTouchPoints?: number }[]> = {
    scroll: [],
    window: [{ mouseButton: MouseBindings.Secondary }],
    zoom: [{ mouseButton: MouseBindings.Primary_And_Secondary }, { numTouchPoints: 2 }],
    move: [{ mouseButton: MouseBindings.Auxiliary }],
  };
  bindings[name].push({ mouseButton: MouseBindings.Primary }, { numTouchPoints: 1 });
  for (const [tool, toolBindings] of Object.entries(bindings) as [ToolName, (typeof bindings)[ToolName]][]) {
    const { toolName } = CLASSES[tool];
    group.setToolPassive(toolName, { removeAllBindings: true });
    if (toolBindings.length > 0) group.setToolActive(toolName, { bindings: toolBindings });
  }
}
