import fc from 'fast-check';

// Every property runs for every mutant that it reaches: any counterexample will do, soon, and always the same.
fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  endOnFailure: true,
  seed: 1,
  interruptAfterTimeLimit: 250,
});
