/** What a square of the canvas stands for. */
export interface Spot {
  x: number;
  y: number;
  size: number;
  tip: Tip;
  pod: number; // -1: none
}

/** Words that are made when they are asked for: of thousands of squares one is. */
export type Tip = () => string;

const colours = ["text", "dim", "page", "held", "cooling", "free", "empty", "bad", "own", "other", "kept", "open", "reserved", "mark"] as const;
export type Ink = Record<(typeof colours)[number], string>;

/** The kinds of squares. Each has a shape of its own, not only a colour. */
export type Kind = "held" | "cooling" | "free" | "empty" | "bad" | "left" | "own" | "other" | "kept" | "open" | "reserved";

let known: Ink | undefined;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (known = undefined));

/** The colours of the page's style, which knows light from dark. */
export function ink(): Ink {
  if (!known) {
    const style = getComputedStyle(document.documentElement);
    known = Object.fromEntries(colours.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Ink;
  }
  return known;
}

/** A canvas that keeps what it draws, for the pointer. */
export class Board {
  readonly spots: Spot[] = [];
  private readonly c: CanvasRenderingContext2D;

  constructor(
    canvas: HTMLCanvasElement,
    width: number,
    height: number,
    private readonly ink: Ink,
    private readonly marked: number,
  ) {
    const scale = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.c = canvas.getContext("2d")!;
    this.c.setTransform(scale, 0, 0, scale, 0, 0);
    this.c.clearRect(0, 0, width, height);
    this.c.textBaseline = "middle";
  }

  square(x: number, y: number, size: number, kind: Kind, tip?: Tip, pod = -1): void {
    if (size < 7) this.cell(x, y, size, kind);
    else this.shape(x, y, size, kind);
    if (pod >= 0 && pod === this.marked) this.outline(x - 1, y - 1, size + 2, "mark", 3);
    if (tip) this.spots.push({ x, y, size, tip, pod });
  }

  private fill(x: number, y: number, w: number, h: number, colour: keyof Ink): void {
    this.c.fillStyle = this.ink[colour];
    this.c.fillRect(x, y, w, h);
  }

  /** A line around a square, inside it. */
  outline(x: number, y: number, size: number, colour: keyof Ink, width = 1, dash: number[] = []): void {
    this.c.strokeStyle = this.ink[colour];
    this.c.lineWidth = width;
    this.c.setLineDash(dash);
    this.c.strokeRect(x + width / 2, y + width / 2, size - width, size - width);
    this.c.setLineDash([]);
  }

  /** A square that is too small for a shape: the lower half of one that cools. */
  private cell(x: number, y: number, size: number, kind: Kind): void {
    const colour = kind === "free" ? "kept" : kind === "left" ? "bad" : kind;
    this.fill(x, y, size, size, colour);
    if (kind === "cooling") this.fill(x, y + size / 2, size, size / 2, "held");
  }

  private shape(x: number, y: number, size: number, kind: Kind): void {
    switch (kind) {
      case "free":
        this.outline(x, y, size, "held");
        return;
      case "empty":
        this.outline(x, y, size, "empty", 1, [2, 2]);
        return;
      case "bad":
        this.outline(x, y, size, "bad", 2);
        return;
      case "left":
        this.outline(x, y, size, "bad", 1);
        this.line(x, y, x + size, y + size, "bad");
        this.line(x, y + size, x + size, y, "bad");
        return;
      case "cooling":
        this.fill(x, y, size, size, "cooling");
        this.fill(x, y + size / 2, size, size / 2, "held");
        this.outline(x, y, size, "held");
        return;
      case "own":
        this.fill(x, y, size, size, "own");
        this.fill(x + size / 2 - 2, y + size / 2 - 2, 4, 4, "page");
        return;
      case "other":
        this.fill(x, y, size, size, "other");
        this.line(x, y + size, x + size, y, "page");
        return;
      default:
        this.fill(x, y, size, size, kind);
    }
  }

  private line(fromX: number, fromY: number, toX: number, toY: number, colour: keyof Ink): void {
    this.c.strokeStyle = this.ink[colour];
    this.c.lineWidth = 1.5;
    this.c.beginPath();
    this.c.moveTo(fromX, fromY);
    this.c.lineTo(toX, toY);
    this.c.stroke();
  }

  frame(x: number, y: number, size: number, tip: Tip): void {
    this.outline(x, y, size, "held");
    this.spots.push({ x, y, size, tip, pod: -1 });
  }

  shade(x: number, y: number, size: number, part: number, tip: Tip): void {
    this.fill(x, y, size, size, "open");
    if (part > 0) {
      this.c.globalAlpha = 0.2 + 0.8 * part;
      this.fill(x, y, size, size, "held");
      this.c.globalAlpha = 1;
    }
    this.spots.push({ x, y, size, tip, pod: -1 });
  }

  text(x: number, y: number, text: string, tone: "text" | "dim" | "bad", bold = false): void {
    this.c.fillStyle = this.ink[tone];
    this.c.font = `${bold ? "600 " : ""}12px system-ui, sans-serif`;
    this.c.fillText(text, x, y);
  }

  /** What is at a point; the smallest square that has it. */
  at(x: number, y: number): Spot | undefined {
    let found: Spot | undefined;
    for (const s of this.spots) {
      if (x >= s.x && x < s.x + s.size && y >= s.y && y < s.y + s.size && (!found || s.size <= found.size)) found = s;
    }
    return found;
  }
}
