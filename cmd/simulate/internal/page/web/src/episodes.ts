import type { Episode } from "./film.ts";

/** A stretch of the run in which something is short. */
export interface Bar {
  fromMs: number;
  toMs: number;
  cures: boolean; // all of it cures itself
  first: Episode;
  count: number;
}

/** The strip below the slider: where what is really short stands before what cures itself. */
export function bars(episodes: Episode[], endMs: number): Bar[] {
  const end = (e: Episode) => (e.toMs < 0 ? endMs : e.toMs);
  const real = merge(episodes.filter((e) => !e.cures), end);
  const cures = merge(episodes.filter((e) => e.cures), end);
  return [...cures, ...real];
}

/** Joins those that overlap: there may be thousands. */
function merge(episodes: Episode[], end: (e: Episode) => number): Bar[] {
  const out: Bar[] = [];
  for (const e of [...episodes].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = out[out.length - 1];
    if (last && e.fromMs <= last.toMs) {
      last.toMs = Math.max(last.toMs, end(e));
      last.count++;
    } else out.push({ fromMs: e.fromMs, toMs: end(e), cures: e.cures === true, first: e, count: 1 });
  }
  return out;
}
