// What OHIF is told: one data source (ours, same origin, authorised by the session cookie), one
// study at a time, no study list of its own. Anything a URL could use to point the viewer at
// another server (configUrl, customizations, dicomjson, the proxy source) stays switched off.

/** In a narrow frame beside a report the tools need the bar, and the page around names the patient.
    A window of its own always names them. */
const CROWDED = window.parent !== window && window.innerWidth < 1000;

/** Our name where OHIF's would stand; a link back makes no sense in a window opened for one case. */
function logo(react) {
  return react.createElement(
    'span',
    { style: { display: 'flex', alignItems: 'center', gap: 8, color: '#fff', whiteSpace: 'nowrap' } },
    react.createElement('img', { src: '/viewer/logo.svg', alt: '', width: 22, height: 22 }),
    CROWDED ? null : react.createElement('span', { style: { fontSize: 15 } }, '医联体 telemed'),
  );
}

/** Leave for a plain page that says why: OHIF itself would show a black one in English. */
function stopOnRefusal(error) {
  const reason = { 401: 'signed-out', 403: 'forbidden' }[error?.status ?? error?.request?.status];
  if (reason) {
    window.location.replace(`/viewer/stopped.html#${reason}`);
  } else {
    console.warn('DICOMweb request failed', error?.status);
  }
}

window.config = {
  name: 'telemed',
  routerBasename: '/viewer',
  extensions: [],
  modes: [],
  showStudyList: false,
  showPatientInfo: CROWDED ? 'disabled' : 'visible',
  showErrorDetails: 'production',
  showCPUFallbackMessage: true,
  showLoadingIndicator: true,
  showWarningMessageForCrossOrigin: true,
  strictZSpacingForVolumeViewport: true,
  groupEnabledModesFirst: true,
  measurementTrackingMode: 'simplified',
  investigationalUseDialog: { option: 'never' },
  maxNumberOfWebWorkers: 2,
  maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
  // Only the primary study's panel: OHIF gathers "priors" by bare PatientID, which two people in
  // two hospitals may share. The priors of a case come from the server's own scope.
  customizationService: [
    { 'ohif.tours': { $set: [] }, 'studyBrowser.studyMode': { $set: 'primary' } },
  ],
  whiteLabeling: { createLogoComponentFn: logo },
  httpErrorHandler: stopOnRefusal,
  defaultDataSourceName: 'telemed',
  dataSources: [
    {
      namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
      sourceName: 'telemed',
      configuration: {
        friendlyName: '医联体 telemed',
        name: 'telemed',
        qidoRoot: '/dicom-web',
        wadoRoot: '/dicom-web',
        wadoUriRoot: '/dicom-web',
        qidoSupportsIncludeField: true,
        supportsReject: false,
        supportsStow: true,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        dicomUploadEnabled: false,
        imageRendering: 'wadors',
        thumbnailRendering: 'wadors',
        enableStudyLazyLoad: true,
        omitQuotationForMultipartRequest: true,
        singlepart: 'bulkdata,pdf,video',
        bulkDataURI: { enabled: true, relativeResolution: 'studies' },
      },
    },
  ],
};
