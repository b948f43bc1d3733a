import { duration, number } from "./format.ts";
import type { Store } from "./store.ts";

/** What has run out and is not over. */
export function Ran({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const open = [...p.episodes].map((i) => p.film.episodes[i]!).sort((a, b) => Number(a.cures ?? false) - Number(b.cures ?? false) || a.fromMs - b.fromMs);
  if (open.length === 0) return null;
  return (
    <article class="card">
      <h2>Ran out</h2>
      {open.slice(0, 5).map((e) => (
        <div class={e.cures ? "ran cures" : "ran"}>
          <b>{e.kind}</b> {e.place} <span class="dim">since {duration(e.fromMs)}{e.cures && ", cures itself"}</span>
          <p class="dim">{e.message}</p>
          <p>{e.remedy}</p>
        </div>
      ))}
      {open.length > 5 && <p class="dim">and {number(open.length - 5)} more</p>}
    </article>
  );
}
