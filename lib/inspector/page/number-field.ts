import { Component, h } from "preact";

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  onChange(value: number): void;
}

type InputEvent = { readonly currentTarget: HTMLInputElement };

/** A number that can be typed: while somebody does, what is drawn anew leaves it alone. */
export class NumberField extends Component<NumberFieldProps, { draft: string | null }> {
  override state = { draft: null };

  render() {
    const { label, value, onChange } = this.props;
    return h("label", {}, [
      `${label} `,
      h("input", {
        ...{ type: "number", min: 0, value: this.state.draft ?? value },
        onInput: ({ currentTarget }: InputEvent) => this.setState({ draft: currentTarget.value }),
        onChange: ({ currentTarget }: InputEvent) => onChange(Number(currentTarget.value)),
        onBlur: () => this.setState({ draft: null }),
      }),
    ]);
  }
}
