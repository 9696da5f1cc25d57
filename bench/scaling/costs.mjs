import { verdictOf } from '../lib/judge.mjs';
import { spread } from '../lib/statistics.mjs';

/** How much more one of many may cost than one of few, which bear the start of the program. */
const LINEAR = { ceiling: 1.25 };

/**
 * What one costs where there are so many: on average, and each of those that were not there in the step before, which
 * leaves out what has to be done once.
 * @param {readonly { amount: number, seconds: readonly number[] }[]} steps
 */
export function costsOf(steps) {
  const times = steps.map(({ amount, seconds }) => ({ amount, ...spread(seconds), seconds }));
  const [first] = times;
  return times.map((step, index) => {
    const cost = step.median / step.amount;
    const before = times[index - 1];
    const ratio = cost / (first.median / first.amount);
    return {
      ...step,
      cost,
      further:
        before === undefined ? undefined : (step.median - before.median) / (step.amount - before.amount),
      ratio,
      verdict: index === 0 ? undefined : verdictOf(ratio, LINEAR),
    };
  });
}
