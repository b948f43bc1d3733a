import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Board, ink, type Spot } from "./board.ts";
import type { Store } from "./store.ts";

/** A canvas that is drawn when time moves, and says what is under the pointer. */
export function Picture({ store, width, height, label, paint }: { store: Store; width: number; height: number; label: string; paint: (board: Board) => void }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const spot = useSignal<Spot | null>(null);
  const board = useRef<Board | null>(null);
  store.dark.value; // its colours
  const marked = store.podPlace.value;
  useEffect(() => {
    board.current = new Board(ref.current!, width, height, ink(), marked);
    paint(board.current);
    if (spot.value) spot.value = board.current.at(spot.value.x + 1, spot.value.y + 1) ?? null;
  });
  const move = (e: PointerEvent) => {
    const box = ref.current!.getBoundingClientRect();
    spot.value = board.current?.at(e.clientX - box.left, e.clientY - box.top) ?? null;
  };
  const at = spot.value;
  return (
    <div class="picture">
      <canvas
        ref={ref}
        role="img"
        aria-label={label}
        onPointerMove={move}
        onPointerLeave={() => (spot.value = null)}
        onClick={() => {
          if (at && at.pod >= 0) store.pod.value = store.film.pods[at.pod]!;
        }}
      />
      {at && <div class="tip" style={{ ...(at.x < width / 2 ? { left: `${at.x}px` } : { right: `${Math.max(width - at.x - at.size, 0)}px` }), top: `${at.y + at.size + 6}px` }}>{at.tip()}</div>}
    </div>
  );
}
