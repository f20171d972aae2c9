// @ts-check
/** The figures as a picture: shares of bare Nest by processor time, a panel for each framework and case. */
import * as echarts from 'echarts';

/** @typedef {import('./summary.js').Row} Row */

const WIDTH = 1_100;
const ROW = 20;
const TITLE = 40;
const COLORS = { bare: '#9aa3ad', floor: '#c3c9d0', ours: '#c8102e', peer: '#3f6fb5' };
const SHOWN = new Set(['read', 'write']);

/** @param {Row[]} rows @returns {string} SVG */
export function plot(rows) {
  const shown = rows.filter((row) => SHOWN.has(row.case));
  const frameworks = [...new Set(shown.map(({ framework }) => framework))];
  const cases = [...new Set(shown.map((row) => row.case))];
  const heights = frameworks.map(
    (one) => ROW * new Set(shown.filter(({ framework }) => framework === one).map(({ name }) => name)).size,
  );
  const panels = frameworks.flatMap((framework, line) =>
    cases.map((name, column) => ({
      title: `${framework === 'express' ? 'Express' : 'Fastify'}, ${name}`,
      rows: shown.filter((row) => row.framework === framework && row.case === name).toReversed(),
      top: TITLE * (line + 1) + heights.slice(0, line).reduce((sum, height) => sum + height, 0),
      left: column === 0 ? 250 : 700,
      height: heights[line] ?? 0,
      labelled: column === 0,
    })),
  );
  const height = TITLE * (frameworks.length + 1) + heights.reduce((sum, one) => sum + one, 0);
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: panels.map(({ title, top, left }) => ({
      text: `${title}: % of bare Nest, by processor time`,
      top: top - 24,
      left,
      textStyle: { fontSize: 13 },
    })),
    grid: panels.map(({ top, left, height }) => ({ top, left, height, width: 380 })),
    xAxis: panels.map((_, gridIndex) => ({ gridIndex, type: 'value', max: 110, axisLabel: { show: false } })),
    yAxis: panels.map(({ rows, labelled }, gridIndex) => ({
      gridIndex,
      type: 'category',
      data: rows.map(({ title }) => title),
      axisTick: { show: false },
      axisLabel: { show: labelled, fontSize: 11 },
    })),
    series: panels.map(({ rows }, index) => ({
      type: 'bar',
      xAxisIndex: index,
      yAxisIndex: index,
      barWidth: 13,
      label: { show: true, position: 'right', fontSize: 10 },
      data: rows.map(({ cpuShare, role }) => ({
        value: Math.round(cpuShare * 100),
        itemStyle: { color: COLORS[role] },
      })),
    })),
  });
  const svg = chart.renderToSVGString();
  // Its clock would keep the process alive.
  chart.dispose();
  return svg;
}
