/** A compression as an HTML page: kept, dropped, and how relevant each part was. @module */
export { type HeatMapOptions, heatMap } from './visual/heat-map.ts'
