/******/ (function() { // webpackBootstrap
/******/ 	var __webpack_modules__ = ({

/***/ "./srccjs/cjs.js":
/*!***********************!*\
  !*** ./srccjs/cjs.js ***!
  \***********************/
/***/ (function(module, __unused_webpack_exports, __webpack_require__) {

const sdk = __webpack_require__(/*! ./sdkcjs.js */ "./srccjs/sdkcjs.js");
module.exports = { name: 'Acme', version: sdk.version, type: 'utility', load() { return sdk.load(); }, isLoaded() { return true; } };


/***/ }),

/***/ "./srccjs/sdkcjs.js":
/*!**************************!*\
  !*** ./srccjs/sdkcjs.js ***!
  \**************************/
/***/ (function(__unused_webpack_module, exports) {

exports.version='1';exports.load=function(){return Promise.resolve()};


/***/ })

/******/ 	});
/************************************************************************/
/******/ 	// The module cache
/******/ 	var __webpack_module_cache__ = {};
/******/ 	
/******/ 	// The require function
/******/ 	function __webpack_require__(moduleId) {
/******/ 		// Check if module is in cache
/******/ 		var cachedModule = __webpack_module_cache__[moduleId];
/******/ 		if (cachedModule !== undefined) {
/******/ 			return cachedModule.exports;
/******/ 		}
/******/ 		// Create a new module (and put it into the cache)
/******/ 		var module = __webpack_module_cache__[moduleId] = {
/******/ 			// no module.id needed
/******/ 			// no module.loaded needed
/******/ 			exports: {}
/******/ 		};
/******/ 	
/******/ 		// Execute the module function
/******/ 		if (!(moduleId in __webpack_modules__)) {
/******/ 			delete __webpack_module_cache__[moduleId];
/******/ 			var e = new Error("Cannot find module '" + moduleId + "'");
/******/ 			e.code = 'MODULE_NOT_FOUND';
/******/ 			throw e;
/******/ 		}
/******/ 		__webpack_modules__[moduleId](module, module.exports, __webpack_require__);
/******/ 	
/******/ 		// Return the exports of the module
/******/ 		return module.exports;
/******/ 	}
/******/ 	
/************************************************************************/
/******/ 	
/******/ 	// startup
/******/ 	// Load entry module and return exports
/******/ 	// This entry module used 'module' so it can't be inlined
/******/ 	var __webpack_exports__ = __webpack_require__("./srccjs/cjs.js");
/******/ 	window.Acme = __webpack_exports__;
/******/ 	
/******/ })()
;
//# sourceMappingURL=webpack-development-window-default-es5-cjs.js.map