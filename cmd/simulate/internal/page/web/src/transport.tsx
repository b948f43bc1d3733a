import { Chart } from "./chart.tsx";
import { count, duration, number } from "./format.ts";
import { bars } from "./episodes.ts";
import type { Player } from "./player.ts";
import { speeds, type Store } from "./store.ts";

export function Transport({ store }: { store: Store }) {
  const { at, playing, speed, film } = store;
  const p = store.scene.value.player;
  const word = film.platform === "ecs" ? "task" : "pod";
  return (
    <div class="transport">
      <div class="controls">
        <button onClick={() => store.seek(0)} title="To the start (Home)" aria-label="To the start">⇤</button>
        <button onClick={() => store.step(false)} title="One change back (←)" aria-label="One change back">←</button>
        <button class="play" onClick={store.play} title="Play or pause (space)" aria-label={playing.value ? "Pause" : "Play"}>{playing.value ? "❚❚" : "▶"}</button>
        <button onClick={() => store.step(true)} title="One change on (→)" aria-label="One change on">→</button>
        {film.episodes.length > 0 && <button onClick={() => store.toEpisode()} title="To the next shortage (n)" aria-label="To the next shortage">! →</button>}
        <button onClick={() => store.seek(film.endMs)} title="To the end (End)" aria-label="To the end">⇥</button>
        <label>
          speed{" "}
          <select value={String(speed.value)} onChange={(e) => (speed.value = Number(e.currentTarget.value))}>
            {speeds.map((s) => <option value={String(s)}>{`${number(s)}×`}</option>)}
          </select>
        </label>
        <output class="clock">{duration(at.value)}</output>
        <span class="numbers">
          {count(p.counts.running, word)} running
          {p.counts.waiting > 0 && <> · <b class="bad">{number(p.counts.waiting)} without address</b></>}
          {" · "}
          {held(p)}
          {" · "}
          {count(p.calls, "EC2 call")}{p.refused > 0 && <b class="bad">, {number(p.refused)} refused</b>}
        </span>
      </div>
      <Chart store={store} />
      <div class="track">
        <input type="range" min="0" max={String(film.endMs)} step="1" value={String(at.value)} aria-label="Time" aria-valuetext={duration(at.value)} onInput={(e) => store.seek(Number(e.currentTarget.value))} />
        <Episodes store={store} />
      </div>
    </div>
  );
}


/** What of the addresses pods hold, in words. */
function held(p: Player): string {
  if (p.film.platform === "ecs") return count(p.counts.held, "task ENI");
  const text = p.film.blocks.some((b) => b.includes(":")) ? `${count(p.counts.held, "IPv6 address")} held` : `${number(p.counts.held)} of ${count(p.counts.total, "address")} held`;
  const branches = [...p.nodes].reduce((n, node) => n + node.branches.length, 0);
  return branches > 0 ? `${text} · ${count(branches, "branch ENI")}` : text;
}

/** When something was short. They stand still, so they are drawn once. */
function Episodes({ store }: { store: Store }) {
  const { endMs, episodes } = store.film;
  const part = (ms: number) => `${(100 * ms) / Math.max(endMs, 1)}%`;
  return (
    <div class="episodes">
      {bars(episodes, endMs).map((bar) => {
        const first = bar.first;
        const more = bar.count > 1 ? `, and ${number(bar.count - 1)} more` : "";
        const says = `${first.kind}, ${first.place}${more}: ${duration(bar.fromMs)} to ${bar.toMs >= endMs ? "the end" : duration(bar.toMs)}${bar.cures ? ", cures itself" : ""}`;
        return (
          <button
            class={bar.cures ? "cures" : "real"}
            style={{ left: part(bar.fromMs), width: `max(4px, ${part(bar.toMs - bar.fromMs)})` }}
            title={says}
            aria-label={says}
            tabIndex={-1}
            onClick={() => store.seek(bar.fromMs)}
          />
        );
      })}
    </div>
  );
}
