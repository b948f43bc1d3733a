import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { duration, number } from "./format.ts";
import { series } from "./player.ts";
import type { Store } from "./store.ts";

const spans = 400;

/** Addresses and waiting pods over time. A click goes there. */
export function Chart({ store }: { store: Store }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const el = box.current!;
    const s = series(store.film, spans);
    const ecs = store.film.platform === "ecs";
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
    const line = (label: string, name: string, fill?: string): uPlot.Series => ({
      label, stroke: colour(name), width: 1.5, ...(fill ? { fill } : {}), points: { show: false }, paths: uPlot.paths.stepped!({ align: 1 }), value: (_, v) => (v == null ? "" : number(v)),
    });
    const options = (): uPlot.Options => ({
      width: el.clientWidth,
      height: 150,
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.05] } },
      legend: { live: true },
      axes: [
        { stroke: colour("dim"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1 }, values: (_, v) => v.map((x) => duration(x * 1000)) },
        { stroke: colour("dim"), grid: { stroke: colour("grid"), width: 1 }, ticks: { stroke: colour("grid"), width: 1 }, size: 56, values: (_, v) => v.map((y) => (Number.isInteger(y) ? number(y) : "")) },
      ],
      series: [
        { label: "at", value: (_, v) => (v == null ? "" : duration(v * 1000)) },
        line(ecs ? "task ENIs" : "attached", "attached", colour("wash")),
        line(ecs ? "held by tasks" : "held by pods", "held"),
        line("cooling", "cooling"),
        line(ecs ? "tasks that wait" : "pods that wait", "bad"),
      ],
      hooks: {
        draw: [
          (u) => {
            const x = u.valToPos(store.at.value / 1000, "x", true);
            u.ctx.save();
            u.ctx.strokeStyle = colour("text");
            u.ctx.lineWidth = 1.5 * devicePixelRatio;
            u.ctx.beginPath();
            u.ctx.moveTo(x, u.bbox.top);
            u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
            u.ctx.stroke();
            u.ctx.restore();
          },
        ],
      },
    });
    const plot = new uPlot(options(), [s.at, s.total, s.held, s.cooling, s.waiting], el);
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
    const resized = new ResizeObserver(() => plot.setSize({ width: el.clientWidth, height: 150 }));
    resized.observe(el);
    const stop = store.at.subscribe(() => plot.redraw(false, false));
    return () => {
      stop();
      resized.disconnect();
      plot.destroy();
    };
  }, [store]);
  return <div class="chart" ref={box} />;
}
