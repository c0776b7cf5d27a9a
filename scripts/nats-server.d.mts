export declare function natsServer(): Promise<string>;
export declare function natsServerFromWheel(): Promise<string>;
export declare function oldNatsServer(): Promise<string | null>;
