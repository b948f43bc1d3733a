import { computed, effect, signal } from "@preact/signals";
import type { Film } from "./film.ts";
import { Player } from "./player.ts";
import { instants } from "./series.ts";

// As the style has them.
const twoColumns = 1132;
const leftColumn = 760;
const inCard = 34; // a card's border and padding

/** What the page shows: a film, an instant of it, and what the viewer picked. */
export function makeStore(film: Film) {
  const player = new Player(film);
  const stops = instants(film);
  const at = signal(0);
  const playing = signal(false);
  const speed = signal(defaultSpeed(film.endMs));
  const node = signal<number | null>(null);
  const pod = signal("");

  const places = new Map(film.pods.map((name, i) => [name, i]));
  const podPlace = computed(() => places.get(pod.value) ?? -1); // −1: no such pod

  // How wide the pictures are, in pixels: the page has two columns, or one.
  const app = document.getElementById("app")!;
  const wide = signal(app.clientWidth);
  new ResizeObserver(() => (wide.value = app.clientWidth)).observe(app); // a scroll bar changes it, too
  const leftWidth = computed(() => (wide.value >= twoColumns ? leftColumn : wide.value) - inCard);
  const rightWidth = computed(() => (wide.value >= twoColumns ? wide.value - leftColumn - 20 : wide.value) - inCard);
  const night = matchMedia("(prefers-color-scheme: dark)");
  const dark = signal(night.matches);
  night.addEventListener("change", () => (dark.value = night.matches));

  /** The player at the instant: what reads it is drawn anew when time moves. */
  const scene = computed(() => {
    player.seek(at.value);
    return { player, at: at.value };
  });

  const seek = (ms: number) => {
    at.value = Math.min(Math.max(Math.round(ms), 0), film.endMs);
  };
  const pause = () => {
    playing.value = false;
  };

  /** Goes to the next instant at which something happens, or the one before. */
  const step = (forward: boolean) => {
    pause();
    const i = firstAbove(stops, at.value);
    if (forward) seek(stops[i] ?? film.endMs);
    else seek(stops[stops[i - 1] === at.value ? i - 2 : i - 1] ?? 0);
  };

  /** Goes to the next shortage. */
  const toEpisode = () => {
    pause();
    const next = film.episodes.filter((e) => e.fromMs > at.value).sort((a, b) => a.fromMs - b.fromMs)[0];
    if (next) seek(next.fromMs);
  };

  const pickNode = (name: string) => {
    const place = film.nodes.findIndex((n) => n.name === name);
    node.value = place < 0 ? null : place;
  };

  const play = () => {
    if (playing.value) {
      pause();
      return;
    }
    if (at.value >= film.endMs) seek(0);
    playing.value = true;
    let last = performance.now();
    let exact = at.value;
    let set = at.value;
    const tick = (now: number) => {
      if (!playing.value) return;
      if (at.value !== set) exact = at.value; // somebody moved the slider
      exact += (now - last) * speed.value;
      last = now;
      seek(exact);
      set = at.value;
      if (at.value >= film.endMs) pause();
      else requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  };

  return { film, stops, at, playing, speed, node, pod, podPlace, leftWidth, rightWidth, dark, scene, seek, pause, step, toEpisode, pickNode, play };
}

export type Store = ReturnType<typeof makeStore>;

/** A run plays in about half a minute unless the viewer wants it otherwise. */
export const speeds = [1, 5, 10, 30, 60, 300, 1800, 7200];

function defaultSpeed(endMs: number): number {
  return speeds.find((s) => endMs / 1000 / s <= 30) ?? speeds[speeds.length - 1]!;
}

/** The place of the first number above a value in an ascending list. */
export function firstAbove(list: number[], value: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Keeps the instant and the node in the address, so that a view can be linked. */
export function keepInAddress(store: Store): void {
  const read = () => {
    const words = new URLSearchParams(location.hash.slice(1));
    const t = Number(words.get("t"));
    if (words.has("t") && Number.isFinite(t)) store.seek(t);
    store.pickNode(words.get("node") ?? "");
    store.pod.value = words.get("pod") ?? "";
  };
  read();
  addEventListener("hashchange", read);
  effect(() => {
    if (store.playing.value) return;
    const words = new URLSearchParams({ t: String(store.at.value) });
    if (store.node.value !== null) words.set("node", store.film.nodes[store.node.value]!.name);
    if (store.pod.value) words.set("pod", store.pod.value);
    history.replaceState(null, "", `#${words}`);
  });
}
