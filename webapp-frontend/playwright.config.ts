import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: 'e2e',
  // The tests change the one running app: which model is active, and thresholds.
  workers: 1,
  // A machine that stalls makes no test fail: who gives up late loses nothing while all is well.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  // What passes at the second try is listed as flaky.
  retries: 1,
  forbidOnly: Boolean(process.env.CI),
  use: {
    baseURL: process.env.BASE_URL ?? 'http://127.0.0.1:8000',
    reducedMotion: 'reduce',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
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
})
