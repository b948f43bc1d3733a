import { unpack, type Film } from "./film.ts";

/** A scenario of the library. */
export interface Entry {
  name: string;
  summary: string;
}

export interface Request {
  text: string;
  env: string[];
  set: string[];
}

export interface Mistake {
  line: number; // 0: it has no place in the text
  column: number;
  where?: string;
  message: string;
}

export interface Answer {
  film?: Film;
  mistakes?: Mistake[];
  problem?: string;
  expectations?: { that: string; ok: boolean; because?: string; failure?: string }[];
}

/** What plays scenarios. */
export interface Backend {
  library(): Promise<Entry[]>;
  show(name: string): Promise<string>;
  play(request: Request, signal: AbortSignal): Promise<Answer>;
}

/** The engine that the page carries, or else the server that it comes from. */
export function here(): Backend {
  const carried = document.getElementById("engine");
  return carried ? new Engine(carried.textContent!) : new Server();
}

class Server implements Backend {
  private async ask(path: string, options: RequestInit = {}): Promise<Response> {
    try {
      return await fetch(path, options);
    } catch (e) {
      if (options.signal?.aborted) throw e;
      throw new Error("The server doesn't answer. Is simulate serve still running?");
    }
  }

  async library(): Promise<Entry[]> {
    return (await this.ask("library")).json();
  }

  async show(name: string): Promise<string> {
    return (await this.ask(`library/${encodeURIComponent(name)}`)).text();
  }

  async play(request: Request, signal: AbortSignal): Promise<Answer> {
    const response = await this.ask("play", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request), signal });
    if (response.headers.get("Content-Type")?.startsWith("application/json")) return response.json();
    return { problem: (await response.text()).trim() || response.statusText };
  }
}

/** What the worker does: it starts the engine it is sent, then answers requests. */
const work = `
onmessage = async ({ data }) => {
  if (data instanceof ArrayBuffer) {
    const go = new Go();
    const { instance } = await WebAssembly.instantiate(data, go.importObject);
    go.run(instance);
    postMessage("ready");
    return;
  }
  postMessage(self.vpcsim(data));
};
`;

class Engine implements Backend {
  private worker: Promise<Worker> | undefined;
  private readonly entries: Promise<(Entry & { text: string })[]>;

  constructor(private readonly packed: string) {
    this.entries = unpack(document.getElementById("library")!.textContent!).json();
    void this.start();
  }

  library(): Promise<Entry[]> {
    return this.entries;
  }

  async show(name: string): Promise<string> {
    return (await this.entries).find((e) => e.name === name)?.text ?? "";
  }

  private start(): Promise<Worker> {
    this.worker ??= (async () => {
      const glue = await unpack(document.getElementById("glue")!.textContent!).text();
      const worker = new Worker(URL.createObjectURL(new Blob([glue + work], { type: "text/javascript" })));
      const engine = await unpack(this.packed).arrayBuffer();
      const ready = next(worker);
      worker.postMessage(engine, [engine]);
      await ready;
      return worker;
    })();
    return this.worker;
  }

  async play(request: Request, signal: AbortSignal): Promise<Answer> {
    const worker = await this.start();
    // A run can't be interrupted: whoever gives it up gets a new engine.
    signal.addEventListener("abort", () => {
      worker.terminate();
      this.worker = undefined;
      void this.start();
    });
    const answer = next(worker);
    worker.postMessage(JSON.stringify(request));
    return JSON.parse(await answer);
  }
}

/** The next message of a worker. */
function next(worker: Worker): Promise<string> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (e) => reject(new Error(`The engine failed: ${e.message}`));
  });
}
