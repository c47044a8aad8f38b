/** Colours of the basemap: calm ground, water that is seen at once, roads by weight rather than hue. */

export interface Palette {
  sea: string;
  land: string;
  residential: string;
  works: string;
  institution: string;
  wood: string;
  grass: string;
  farmland: string;
  wetland: string;
  rock: string;
  park: string;
  pitch: string;
  water: string;
  waterEdge: string;
  waterway: string;
  building: string;
  buildingEdge: string;
  boundary: string;
  boundaryMinor: string;
  rail: string;
  path: string;
  casing: string;
  casingMajor: string;
  motorway: string;
  primary: string;
  secondary: string;
  minor: string;
  label: string;
  labelQuiet: string;
  labelWater: string;
  labelPark: string;
  halo: string;
  /** Labels of things that people reported. */
  thingLabel: string;
  thingHalo: string;
  focus: string;
}

export const LIGHT: Palette = {
  sea: '#b5d8ee',
  land: '#f5f3ee',
  residential: '#ece8e1',
  works: '#e9e4e6',
  institution: '#efe9d9',
  wood: '#cfe3c3',
  grass: '#dfecd0',
  farmland: '#f0eedb',
  wetland: '#d6e7df',
  rock: '#e5e1dc',
  park: '#cbe2bd',
  pitch: '#d3e7c9',
  water: '#8ec4e8',
  waterEdge: '#5b9fce',
  waterway: '#6fb0dc',
  building: '#ddd5c9',
  buildingEdge: '#cbc1b2',
  boundary: '#8a7f9c',
  boundaryMinor: '#b9b2c4',
  rail: '#a59f97',
  path: '#bfae95',
  casing: '#d3ccc1',
  casingMajor: '#d9a75c',
  motorway: '#f9c57f',
  primary: '#fbdb9a',
  secondary: '#fdedc2',
  minor: '#ffffff',
  label: '#2b3442',
  labelQuiet: '#5a6472',
  labelWater: '#1d5f90',
  labelPark: '#3a6b35',
  halo: '#fbfaf7',
  thingLabel: '#0f1b2d',
  thingHalo: '#ffffff',
  focus: '#0b5cad',
};

export const DARK: Palette = {
  sea: '#0e2a40',
  land: '#19212c',
  residential: '#1f2834',
  works: '#1d2430',
  institution: '#20262e',
  wood: '#182c20',
  grass: '#1a2a22',
  farmland: '#1b2325',
  wetland: '#172b2c',
  rock: '#20262e',
  park: '#182c20',
  pitch: '#1b2f25',
  water: '#1f5480',
  waterEdge: '#3a80b4',
  waterway: '#2d6a99',
  building: '#2a3542',
  buildingEdge: '#2f3b4a',
  boundary: '#8577a3',
  boundaryMinor: '#4c4760',
  rail: '#4b5664',
  path: '#55554d',
  casing: '#10161e',
  casingMajor: '#10161e',
  motorway: '#a57d45',
  primary: '#8a714a',
  secondary: '#66604d',
  minor: '#3f4c5b',
  label: '#dbe3ec',
  labelQuiet: '#9fabb9',
  labelWater: '#8fc6ee',
  labelPark: '#8fbd8a',
  halo: '#10161e',
  thingLabel: '#f3f7fb',
  thingHalo: '#0b1119',
  focus: '#7cc0ff',
};
