import type { Reporter, TestCase, TestError, TestResult } from '@playwright/test/reporter';

/** Prints a line for each screen, with the number of its pictures and what was found on them. */
export default class Table implements Reporter {
  private faults = 0;
  private pictures = 0;

  onBegin(): void {
    console.log(`${'screen'.padEnd(24)}pictures  axe  console  wide  seconds`);
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const of = (type: string) => result.annotations.filter((note) => note.type === type);
    const count = (type: string, width: number) => String(of(type).length).padStart(width);
    this.pictures += of('picture').length;
    const seconds = (result.duration / 1000).toFixed(1).padStart(9);
    const counts = `${count('picture', 8)}${count('axe', 5)}${count('console', 9)}${count('wide', 6)}${seconds}`;
    console.log(`${test.title.padEnd(24)}${counts}`);
    const faults = ['axe', 'console', 'wide'].flatMap((type) => of(type).map((note) => `${type}: ${note.description}`));
    if (result.status !== 'passed' && faults.length === 0) faults.push(result.error?.message ?? result.status);
    this.tell(faults);
  }

  onError(error: TestError): void {
    this.tell([error.message ?? String(error.value)]);
  }

  onEnd(): void {
    console.log(`${this.pictures} pictures, ${this.faults} faults`);
  }

  private tell(faults: string[]): void {
    this.faults += faults.length;
    for (const fault of new Set(faults)) console.log(`    ${fault}`);
  }

  printsToStdio(): boolean {
    return true;
  }
}
