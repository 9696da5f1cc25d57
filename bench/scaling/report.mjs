import { machineLines } from '../lib/report.mjs';

const marks = { missed: ' ✗', met: ' ✓' };
const exact = (value) => value.toPrecision(3);
const counted = (value) => value.toLocaleString('en');

/** Milliseconds, or microseconds where those are few. */
function duration(seconds) {
  if (seconds === undefined) return '';
  if (Math.abs(seconds) < 1e-3) return `${exact(seconds * 1e6)} µs`;
  return Math.abs(seconds) < 1 ? `${exact(seconds * 1e3)} ms` : `${exact(seconds)} s`;
}

/** The figures as a table for people. */
export function markdown(report) {
  return [
    ...machineLines(report),
    '',
    '| work | how much | time | min–max | cost of each | : the first | cost of each further one |',
    '|---|--:|--:|--:|--:|--:|--:|',
    ...report.rows.flatMap((row) => rowLines(row, report.command)),
  ].join('\n');
}

function rowLines({ id, title, unit, date, load, rounds, quick, steps }, command) {
  const when = `${date.slice(0, 10)}, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, load ${load.toFixed(2)}`;
  const about = `**${title}**; ${when}<br>\`${command}${quick ? ' --quick' : ''} --only '^${id}$'\``;
  return steps.map(({ amount, median, least, most, cost, further, ratio, verdict }, index) => {
    const compared = `${ratio.toFixed(2)}${marks[verdict] ?? ''}`;
    const time = `${duration(median)} | ${duration(least)}–${duration(most)}`;
    const costs = `${duration(cost)} | ${compared} | ${duration(further)}`;
    return `| ${index === 0 ? about : ''} | ${counted(amount)} ${unit} | ${time} | ${costs} |`;
  });
}
