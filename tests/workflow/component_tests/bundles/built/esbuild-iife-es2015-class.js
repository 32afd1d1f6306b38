var Acme = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __typeError = (msg) => {
    throw TypeError(msg);
  };
  var __defNormalProp = (obj, key, value) => key in obj ? __defProp(obj, key, { enumerable: true, configurable: true, writable: true, value }) : obj[key] = value;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);
  var __publicField = (obj, key, value) => __defNormalProp(obj, typeof key !== "symbol" ? key + "" : key, value);
  var __accessCheck = (obj, member, msg) => member.has(obj) || __typeError("Cannot " + msg);
  var __privateGet = (obj, member, getter) => (__accessCheck(obj, member, "read from private field"), getter ? getter.call(obj) : member.get(obj));
  var __privateAdd = (obj, member, value) => member.has(obj) ? __typeError("Cannot add the same private member more than once") : member instanceof WeakSet ? member.add(obj) : member.set(obj, value);
  var __async = (__this, __arguments, generator) => {
    return new Promise((resolve, reject) => {
      var fulfilled = (value) => {
        try {
          step(generator.next(value));
        } catch (e) {
          reject(e);
        }
      };
      var rejected = (value) => {
        try {
          step(generator.throw(value));
        } catch (e) {
          reject(e);
        }
      };
      var step = (x) => x.done ? resolve(x.value) : Promise.resolve(x.value).then(fulfilled, rejected);
      step((generator = generator.apply(__this, __arguments)).next());
    });
  };

  // src/class.js
  var class_exports = {};
  __export(class_exports, {
    AcmePlugin: () => AcmePlugin,
    default: () => class_default
  });

  // src/sdk.js
  function loadSdk(src) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.async = true;
      script.src = src;
      script.onload = () => resolve(window.AcmeSdk);
      script.onerror = reject;
      document.head.appendChild(script);
    });
  }
  var version = "1.2.3";

  // src/class.js
  var Base = class {
    isLoaded() {
      return this.ready;
    }
  };
  var _secret;
  var AcmePlugin = class extends Base {
    constructor(settings) {
      super();
      __publicField(this, "name", "Acme Insights");
      __publicField(this, "version", version);
      __publicField(this, "type", "enrichment");
      __publicField(this, "ready", false);
      __privateAdd(this, _secret, 1);
      this.settings = settings;
    }
    load() {
      return __async(this, null, function* () {
        yield loadSdk(`https://cdn.acme.example/${this.settings.id}/sdk.js`);
        this.ready = true;
        return __privateGet(this, _secret);
      });
    }
    track(ctx) {
      return ctx;
    }
  };
  _secret = new WeakMap();
  var class_default = new AcmePlugin({ id: "x" });
  return __toCommonJS(class_exports);
})();
