/** How many files a process may have open; Node raises the soft limit to the hard one when it starts. */
export function openFileLimit() {
  const report = /** @type {{ userLimits?: { open_files?: { soft: number | 'unlimited' } } }} */ (
    process.report.getReport()
  )
  const soft = report.userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : Infinity
}
