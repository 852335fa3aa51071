// The person's mouse or finger on the picture. A finger that moves scrolls; one that rested first drags, as some captchas want it.
import type { HandEvent } from "../../contract/home/hand-off.ts";

const STILL_PX = 8;
const REST_MS = 400;
const DOUBLE_MS = 400;

export function followPointer(picture: HTMLElement, tell: (event: HandEvent) => void, onMouse: () => void): void {
  let from: { x: number; y: number; at: number; last: { x: number; y: number } } | undefined;
  let mode: "tap" | "scroll" | "drag" = "tap";
  let clicked = { at: 0, x: 0, y: 0, count: 0 };

  const pointOf = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
    const box = picture.getBoundingClientRect();
    const part = (at: number, size: number) => Math.max(0, Math.min(1, size === 0 ? 0 : at / size));
    return { x: part(clientX - box.left, box.width), y: part(clientY - box.top, box.height) };
  };
  const countClick = ({ clientX: x, clientY: y, timeStamp: at }: PointerEvent) => {
    const isAgain = at - clicked.at < DOUBLE_MS && Math.hypot(x - clicked.x, y - clicked.y) < STILL_PX;
    clicked = { at, x, y, count: isAgain ? Math.min(3, clicked.count + 1) : 1 };
  };

  picture.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button !== 0) return;
    picture.setPointerCapture(event.pointerId);
    const { clientX: x, clientY: y } = event;
    from = { x, y, at: event.timeStamp, last: { x, y } };
    mode = event.pointerType === "touch" ? "tap" : "drag";
    countClick(event);
    if (mode === "tap") return;
    tell({ kind: "down", ...pointOf(event), clicks: clicked.count });
    onMouse();
  });
  picture.addEventListener("pointermove", (event) => {
    if (!from || !event.isPrimary) return;
    if (mode === "tap") {
      if (Math.hypot(event.clientX - from.x, event.clientY - from.y) < STILL_PX) return;
      mode = event.timeStamp - from.at < REST_MS ? "scroll" : "drag";
      if (mode === "drag") tell({ kind: "down", ...pointOf({ clientX: from.x, clientY: from.y }) });
    }
    if (mode === "scroll") {
      const [dx, dy] = [from.last.x - event.clientX, from.last.y - event.clientY];
      tell({ kind: "wheel", ...pointOf({ clientX: from.x, clientY: from.y }), dx: dx * 2, dy: dy * 2 });
    } else tell({ kind: "move", ...pointOf(event) });
    from.last = { x: event.clientX, y: event.clientY };
  });
  const lift = (event: PointerEvent) => {
    if (!from || !event.isPrimary) return;
    const at = pointOf(event);
    // A second finger takes the first one's touch away: that is no click.
    const isTap = mode === "tap" && event.type === "pointerup";
    if (isTap) tell({ kind: "down", ...at, clicks: clicked.count });
    if (isTap || mode === "drag") tell({ kind: "up", ...at, clicks: clicked.count });
    from = undefined;
  };
  picture.addEventListener("pointerup", lift);
  picture.addEventListener("pointercancel", lift);
  // The field of the keyboard keeps what it has: a picture takes no focus.
  picture.addEventListener("mousedown", (event) => event.preventDefault());
  picture.addEventListener("contextmenu", (event) => event.preventDefault());
  picture.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      tell({ kind: "wheel", ...pointOf(event), dx: clamp(event.deltaX), dy: clamp(event.deltaY) });
    },
    { passive: false },
  );
}

function clamp(distance: number): number {
  return Math.max(-4000, Math.min(4000, distance));
}
