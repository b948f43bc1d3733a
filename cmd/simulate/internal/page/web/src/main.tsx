import { render } from "preact";
import { App } from "./app.tsx";
import { unpack } from "./film.ts";
import { keepInAddress, makeStore } from "./store.ts";
import "uplot/dist/uPlot.min.css";
import "./style.css";

const root = document.getElementById("app")!;
try {
  const store = makeStore(await unpack(document.getElementById("film")!.textContent!).json());
  keepInAddress(store);
  root.textContent = "";
  render(<App store={store} />, root);
} catch (e) {
  root.textContent = `The replay can't be shown: ${e instanceof Error ? e.message : e}. It takes a browser of 2023 or later.`;
}
