import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { duration, number } from "./format.ts";
import { series, type Series } from "./series.ts";
import type { Store } from "./store.ts";

const spans = 400;

/** Steps between the marks of time, in seconds, that read well. */
const steps = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 432000, 864000];

const keys: { name: Exclude<keyof Series, "at">; pods: string; tasks: string; colour: string; dash?: number[] }[] = [
  { name: "total", pods: "attached", tasks: "task ENIs", colour: "attached" },
  { name: "held", pods: "held by pods", tasks: "held by tasks", colour: "held" },
  { name: "cooling", pods: "cooling", tasks: "cooling", colour: "cooling-line", dash: [5, 3] },
  { name: "waiting", pods: "pods that wait", tasks: "tasks that wait", colour: "bad", dash: [2, 2] },
];

/** Addresses and waiting pods over time. A click goes there. */
export function Chart({ store }: { store: Store }) {
  const box = useRef<HTMLDivElement>(null);
  const hand = useRef<HTMLDivElement>(null);
  const values = useRef<Series | null>(null);
  const pointer = useSignal<number | null>(null); // the span under it
  useEffect(() => {
    const el = box.current!;
    values.current ??= series(store.film, store.stops, spans);
    const s = values.current;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: colour("dim"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1 } };
    const options: uPlot.Options = {
      width: el.clientWidth,
      height: 130,
      padding: [8, 16, 0, 0], // the slider below has the same sides
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.05] } },
      legend: { show: false },
      axes: [
        { ...axis, size: 28, incrs: steps, space: 70, values: (_, v) => v.map((x) => duration(x * 1000)) },
        { ...axis, size: 56, values: (_, v) => v.map((y) => (Number.isInteger(y) ? number(y) : "")) },
      ],
      series: [
        {},
        ...keys.map((k): uPlot.Series => ({
          stroke: colour(k.colour), width: 1.5, ...(k.dash ? { dash: k.dash } : {}), ...(k.name === "total" ? { fill: colour("wash") } : {}),
          points: { show: false }, paths: uPlot.paths.stepped!({ align: 1 }),
        })),
      ],
      hooks: { setCursor: [(u) => (pointer.value = u.cursor.idx ?? null)] },
    };
    const plot = new uPlot(options, [s.at, ...keys.map((k) => s[k.name])], el);
    let down = false;
    const go = (e: PointerEvent) => {
      const box = plot.over.getBoundingClientRect();
      store.seek(plot.posToVal(e.clientX - box.left, "x") * 1000);
    };
    plot.over.addEventListener("pointerdown", (e) => {
      down = true;
      plot.over.setPointerCapture(e.pointerId);
      go(e);
    });
    plot.over.addEventListener("pointermove", (e) => down && go(e));
    plot.over.addEventListener("pointerup", () => (down = false));
    const show = () => {
      const left = plot.over.offsetLeft + plot.valToPos(store.at.value / 1000, "x");
      hand.current!.style.transform = `translateX(${left}px)`;
    };
    const resized = new ResizeObserver(() => {
      plot.setSize({ width: el.clientWidth, height: 130 });
      requestAnimationFrame(show);
    });
    resized.observe(el);
    const stop = store.at.subscribe(show);
    return () => {
      stop();
      resized.disconnect();
      plot.destroy();
    };
  }, [store, store.dark.value]);
  return (
    <>
      <div class="chart" ref={box} aria-hidden="true"><div class="hand" ref={hand} /></div>
      <Keys store={store} values={values.current} span={pointer.value} />
    </>
  );
}

/** What the lines are, with the numbers of the span under the pointer or, without one, of the instant. */
function Keys({ store, values, span }: { store: Store; values: Series | null; span: number | null }) {
  const { player: p } = store.scene.value;
  const hovers = span !== null && values !== null;
  const now = { ...p.counts, cooling: p.cooling() };
  return (
    <p class="keys dim">
      <span>at {duration(hovers ? values.at[span]! * 1000 : store.at.value)}:</span>
      {keys.map((k) => (
        <span>
          <svg width="22" height="8" aria-hidden="true"><line x1="0" x2="22" y1="4" y2="4" stroke={`var(--${k.colour})`} stroke-width="2" stroke-dasharray={k.dash?.join(" ")} /></svg>{" "}
          {store.film.platform === "ecs" ? k.tasks : k.pods} {number(hovers ? values[k.name][span]! : now[k.name])}
        </span>
      ))}
    </p>
  );
}
