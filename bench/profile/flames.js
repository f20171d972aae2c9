// @ts-check
/** A flame graph: each frame as wide as the time it was on the stack, the callers below. ECharts has rectangles; the rest is here. */
import * as echarts from 'echarts';

/** @typedef {import('./samples.js').Frame} Frame */
/** @typedef {{ name: string, left: number, width: number, depth: number, place: string }} Box shares of the whole */

const WIDTH = 1_600;
const LINE = 15;
const TITLE = 30;
/** Thinner frames cannot be read, and there are thousands. Pixels. */
const THINNEST = 2;
const LETTER = 6;

/** @param {Frame} root @param {string} title @returns {string} SVG */
export function drawFlames(root, title) {
  const boxes = boxesOf(root, root.total, 0, 0);
  const deepest = Math.max(...boxes.map(({ depth }) => depth));
  const height = TITLE + (deepest + 1) * LINE + 10;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 8, top: 6, textStyle: { fontSize: 13 } },
    graphic: boxes.map((box) => rectangle(box, TITLE + (deepest - box.depth) * LINE)),
  });
  const svg = chart.renderToSVGString();
  // Its clock would keep the process alive.
  chart.dispose();
  return svg;
}

/** @param {Frame} frame @param {number} whole @param {number} left @param {number} depth @returns {Box[]} */
function boxesOf(frame, whole, left, depth) {
  const width = frame.total / whole;
  if (width * WIDTH < THINNEST) return [];
  let next = left;
  const above = frame.children.flatMap((child) => {
    const boxes = boxesOf(child, whole, next, depth + 1);
    next += child.total / whole;
    return boxes;
  });
  return [{ name: frame.name, left, width, depth, place: frame.place }, ...above];
}

/** @param {Box} box @param {number} top */
function rectangle({ name, left, width, place }, top) {
  const pixels = width * WIDTH;
  const letters = Math.floor((pixels - 4) / LETTER);
  return {
    type: 'rect',
    left: left * WIDTH,
    top,
    shape: { width: pixels - 0.5, height: LINE - 1 },
    style: { fill: colorOf(place) },
    textContent: letters > 2 ? { type: 'text', style: { text: name.slice(0, letters), fontSize: 10 } } : undefined,
    textConfig: { position: 'insideLeft', distance: 2 },
  };
}

/** Ours stand out. @param {string} place */
function colorOf(place) {
  if (place.startsWith('nest-sessions')) return '#f28b82';
  if (place.startsWith('@nestjs') || place === 'rxjs') return '#fdd663';
  return place === 'node' || place === 'V8' ? '#dadce0' : '#aecbfa';
}
