// Views of arrays for the ndarray library in OHIF, which reads segmentations with it. The library
// writes its classes as text and compiles them, which the page's policy rightly refuses; these do
// the same without. Its order of strides and its shorthand for a missing index are kept.

(() => {
  /** The class of one type and number of dimensions; the library's own makers are in `makers`. */
  globalThis.telemedView = (dtype, dimension, makers, order) => {
    const get = dtype === 'generic' ? (data, at) => data.get(at) : (data, at) => data[at];
    const set =
      dtype === 'generic'
        ? (data, at, value) => data.set(at, value)
        : (data, at, value) => (data[at] = value);
    const given = index => typeof index === 'number' && index >= 0;

    class View {
      constructor(data, shape, stride, offset) {
        this.data = data;
        this.shape = shape;
        this.stride = stride;
        this.offset = offset | 0;
      }
      get size() {
        return dimension < 0 ? 0 : this.shape.reduce((all, side) => all * side, 1);
      }
      get order() {
        return order.call(this);
      }
      index(...at) {
        if (dimension < 0) return -1;
        return this.stride.reduce((sum, step, axis) => sum + step * at[axis], this.offset);
      }
      // Volumes are read value by value, so the common numbers of dimensions have no arrays made.
      get(a, b, c, ...more) {
        return get(this.data, this.#at(a, b, c, more));
      }
      set(...told) {
        return set(this.data, this.#at(told[0], told[1], told[2], told.slice(3)), told[dimension]);
      }
      #at(a, b, c, more) {
        const s = this.stride;
        let at = this.offset;
        if (dimension > 0) at += s[0] * a;
        if (dimension > 1) at += s[1] * b;
        if (dimension > 2) at += s[2] * c;
        for (let axis = 3; axis < dimension; axis++) at += s[axis] * more[axis - 3];
        return at;
      }
      valueOf() {
        return dimension === 0 ? this.get() : this;
      }
      hi(...ends) {
        const shape = this.shape.map((side, axis) => (given(ends[axis]) ? ends[axis] | 0 : side));
        return new View(this.data, shape, [...this.stride], this.offset);
      }
      lo(...starts) {
        const shape = [...this.shape];
        let offset = this.offset;
        for (let axis = 0; axis < dimension; axis++) {
          if (!given(starts[axis])) continue;
          offset += this.stride[axis] * (starts[axis] | 0);
          shape[axis] -= starts[axis] | 0;
        }
        return new View(this.data, shape, [...this.stride], offset);
      }
      step(...steps) {
        const shape = [...this.shape];
        const stride = [...this.stride];
        let offset = this.offset;
        for (let axis = 0; axis < dimension; axis++) {
          if (typeof steps[axis] !== 'number') continue;
          const by = steps[axis] | 0;
          if (by < 0) offset += stride[axis] * (shape[axis] - 1);
          shape[axis] = Math.ceil(shape[axis] / Math.abs(by));
          stride[axis] *= by;
        }
        return new View(this.data, shape, stride, offset);
      }
      transpose(...axes) {
        const from = this.shape.map((_, axis) => (axes[axis] === undefined ? axis : axes[axis] | 0));
        const taken = list => from.map(axis => list[axis]);
        return new View(this.data, taken(this.shape), taken(this.stride), this.offset);
      }
      pick(...at) {
        if (dimension < 0) return null;
        const left = this.shape.map((_, axis) => axis).filter(axis => !given(at[axis]));
        let offset = this.offset;
        for (let axis = 0; axis < dimension; axis++) {
          if (given(at[axis])) offset += this.stride[axis] * at[axis];
        }
        const taken = list => left.map(axis => list[axis]);
        return makers[left.length + 1](this.data, taken(this.shape), taken(this.stride), offset);
      }
    }
    Object.assign(View.prototype, { dtype, dimension });
    return (data, shape = [], stride = [], offset = 0) => new View(data, shape, stride, offset);
  };
})();
