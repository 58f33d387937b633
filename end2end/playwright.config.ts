import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { chromium, defineConfig, devices } from '@playwright/test';

/** The browser: the one that is named, else Playwright's own, else the system's. */
const executablePath =
  process.env.DOCKET_TEST_CHROMIUM ?? (existsSync(chromium.executablePath()) ? undefined : '/usr/bin/chromium');

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  // A test that passes only now and then has found a fault of ours; trying again would hide it.
  retries: 0,
  // A worker has its own server, its own PostgreSQL and its own browser, which wait for each other.
  workers: Math.max(2, availableParallelism() - 1),
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [
    ['list'],
    ['json', { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ?? 'test-results/report.json' }],
  ],
  use: {
    // Without the film: recording it takes a fifth of the time of a test.
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: true, sources: true },
    screenshot: 'only-on-failure',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [{ name: 'chromium', use: { ...devices['Desktop Chrome'], viewport: { width: 1440, height: 900 } } }],
});
