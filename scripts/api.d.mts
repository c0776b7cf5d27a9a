export declare function apiPage(): string;
