import type { Episode } from "./film.ts";
import { duration, number } from "./format.ts";
import type { Store } from "./store.ts";

/** What is short at the instant; like ones, as of a thousand nodes, are one. */
function groups(open: Episode[]): Episode[][] {
  const out = new Map<string, Episode[]>();
  for (const e of open) {
    const like = `${e.kind}\n${e.message}\n${e.remedy}`;
    const group = out.get(like);
    if (group) group.push(e);
    else out.set(like, [e]);
  }
  return [...out.values()];
}

/** How many groups are told. */
const most = 5;

/** What has run out and is not over. */
export function Ran({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const open = [...p.episodes].map((i) => p.film.episodes[i]!).sort((a, b) => Number(a.cures ?? false) - Number(b.cures ?? false) || a.fromMs - b.fromMs);
  if (open.length === 0) return null;
  const told = groups(open);
  return (
    <article class="card">
      <h2>Ran out <small class="open">{number(open.length)}</small></h2>
      {told.slice(0, most).map(([first, ...more]) => (
        <div class={first!.cures ? "ran cures" : "ran"}>
          <b>{first!.kind}</b> {first!.place}{more.length > 0 && <> and {number(more.length)} more</>} <span class="dim">since {duration(first!.fromMs)}{first!.cures && ", cures itself"}</span>
          <p class="dim">{first!.message}</p>
          <p>{first!.remedy}</p>
        </div>
      ))}
      {told.length > most && <p class="dim">and {number(told.length - most)} more kinds</p>}
    </article>
  );
}
