/** Local white-box language models on a tensor runtime. @module */
export {}
