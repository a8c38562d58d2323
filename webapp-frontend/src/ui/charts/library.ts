import {
  Chart,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
} from 'chart.js'

// The parts of Chart.js that line charts need.
Chart.register(LineController, LineElement, PointElement, LinearScale, LogarithmicScale)

export { Chart as LineChart }
