import type { Point, Verdict } from './api/types';
import { clock, exactLocal, number, weekday } from './format';

interface Series {
  verdict: Verdict;
  word: string;
  /** The token that holds its colour. */
  colour: string;
}

/** For each series what it reaches in the stack, the first one at the bottom. */
export function sums(points: readonly Point[], series: readonly Pick<Series, 'verdict'>[]): number[][] {
  const reached = points.map(() => 0);
  return series.map(({ verdict }) => points.map((point, index) => (reached[index] = (reached[index] ?? 0) + point[verdict])));
}

/** Draws stacked bars into `element` and keeps their width; `update` shows other numbers. The library is loaded with the first chart. */
export async function stacked(element: HTMLElement, first: readonly Point[], series: readonly Series[], stepSeconds: number) {
  const [{ default: uPlot }] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]);
  const token = (name: string) => getComputedStyle(element).getPropertyValue(name).trim();
  const bars = uPlot.paths.bars?.({ size: [0.78, 40], align: 1 });
  const axis = { stroke: token('--faint'), font: `11px ${token('--font')}`, ticks: { show: false }, border: { show: false } };
  let points = first;
  // The highest stack is drawn first, and the lower ones over it.
  const data = () => [points.map(({ at }) => new Date(at).getTime() / 1000), ...sums(points, series).toReversed()] as [number[], ...number[][]];
  const tip = document.createElement('div');
  tip.className = 'chart-tip';
  tip.hidden = true;
  const chart = new uPlot(
    {
      width: element.clientWidth,
      height: element.clientHeight,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      // A bar begins at its point's time, so what is under the pointer begins before it.
      cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false }, dataIdx: (drawn, _, nearest, at) => (at < (drawn.data[0][nearest] ?? 0) ? Math.max(nearest - 1, 0) : nearest) },
      scales: { x: { time: true, range: (_, begin, end) => [begin, end + stepSeconds] }, y: { range: (_, __, max) => [0, Math.max(max || 0, 4) * 1.05] } },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 70, values: (_, splits) => splits.map((at) => labelOf(at, stepSeconds)).map((label, index, all) => (label === all[index - 1] ? '' : label)) },
        { ...axis, grid: { stroke: token('--line'), width: 1 }, size: 48, space: 36, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? number(value) : '')) },
      ],
      series: [{}, ...series.map(({ word, colour }) => ({ label: word, fill: token(colour), stroke: token(colour), width: 0, paths: bars, points: { show: false } })).toReversed()],
      hooks: {
        setCursor: [
          (drawn) => {
            const point = points[drawn.cursor.idx ?? -1];
            tip.hidden = point === undefined || (drawn.cursor.left ?? -1) < 0;
            if (!point) return;
            tip.textContent = [exactLocal(new Date(point.at)), ...series.map(({ verdict, word }) => `${word} ${number(point[verdict])}`)].join('\n');
            const left = (drawn.cursor.left ?? 0) + drawn.bbox.left / devicePixelRatio;
            tip.style.left = `${Math.min(Math.max(left + 12, 0), element.clientWidth - tip.offsetWidth)}px`;
          },
        ],
      },
    },
    data(),
    element,
  );
  element.append(tip);
  const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: element.clientHeight }));
  observer.observe(element);
  return {
    update(now: readonly Point[]) {
      points = now;
      chart.setData(data());
    },
    destroy() {
      observer.disconnect();
      chart.destroy();
      tip.remove();
    },
  };
}

function labelOf(at: number, stepSeconds: number): string {
  const date = new Date(at * 1000);
  return stepSeconds < 3600 ? clock(date) : weekday(date);
}
