import { arity, Op, type Film } from "./film.ts";
import { Player } from "./player.ts";

/** The instants at which something happens that can be seen. */
export function instants(film: Film): number[] {
  const out = [0];
  let now = 0;
  let seen = true;
  for (let i = 0; i < film.ops.length; i += 1 + arity[film.ops[i]!]!) {
    if (film.ops[i] === Op.Time) {
      now += film.ops[i + 1]!;
      seen = false;
    } else if (!seen && film.ops[i] !== Op.Calls) {
      out.push(now);
      seen = true;
    }
  }
  if (out[out.length - 1] !== film.endMs) out.push(film.endMs);
  return out;
}

/** Numbers over time, for the chart. */
export interface Series {
  at: number[]; // seconds
  total: number[];
  held: number[];
  cooling: number[];
  waiting: number[];
}

/**
 * The numbers of each of n spans: what they are at its end, and the most pods that
 * waited in it, so that a minute's shortage is seen in a run of days.
 */
export function series(film: Film, stops: number[], n: number): Series {
  const out: Series = { at: [], total: [], held: [], cooling: [], waiting: [] };
  const player = new Player(film);
  let next = 0;
  for (let i = 0; i <= n; i++) {
    const end = Math.round((film.endMs * i) / n);
    let waiting = 0;
    for (; next < stops.length && stops[next]! <= end; next++) {
      player.seek(stops[next]!);
      waiting = Math.max(waiting, player.counts.waiting);
    }
    player.seek(end);
    out.at.push(end / 1000);
    out.total.push(player.counts.total);
    out.held.push(player.counts.held);
    out.cooling.push(player.cooling());
    out.waiting.push(Math.max(waiting, player.counts.waiting));
  }
  return out;
}
