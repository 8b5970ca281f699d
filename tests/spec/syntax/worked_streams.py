"""Small streams explained bit by bit: hex, and a line per element.

A line: byte.bit, path, descriptor (- for byte_alignment()), value, bits.
"""

# fmt: off
STREAMS = {
    "one_tensor": (
        "00040200000806810040008000131609770030482820a080f399001454500e"
    ),
    "block": (
        "00040200000806810040008000060e0300000031161d81806300635f7363616c696e670064003a48"
        "2820a080eba1001340154000779dcd8010100017d2000051514038"
    ),
    "third_update": (
        "00040201000806810840008000060e000000001916097700d04e670486850a82f777a90000e32730"
        "57d1ac"
    ),
    "codebook": (
        "00040201000806810040008000060e000000001c16097700d04309c654ea92a3aa752c120a0c2a08"
        "d570af1cbee0"
    ),
    "entry_points": (
        "00040200000806810040008000060e00000000441609770070494890a13c312663a0e0f7950009e6"
        "e0986f05879de05e1ce515c36c594309d4f92df8b2c4dac4b1f920a05f65f4e0ae18415110c7e7f4"
        "43c68413fc2c"
    ),
    "low_rank_two_codebooks": (
        "00040200000806810040008000060e0300000079161d818066632e7765696768745f470066632e77"
        "65696768745f480066632e6269617300810901ffb736e2ca414484837417f410ef9d00102cf69e09"
        "b793e9b8eea001e89793c4600ee27510e23630784287591ab8e31fca0643fbb9c90005a6b54a6913"
        "115f40a5391e897e9030ad1a5858907c1b7adb"
    ),
    "low_rank_entry_points": (
        "00040200000806810040008000060e00000000bb161d818066632e7765696768745f470066632e77"
        "65696768745f480066632e62696173007949c494920a13df1765ba088fbb30ef9d00164fa5547399"
        "dfdc58009ef2f18ec42219f35d74eee5558e466f6f8a61e1526e7afeae5efa7d5937c37f12052e3c"
        "9b197e1f64b1f8a55dd5bcaf326ea72b81023bf9bfbf9345c3460005a0c86ea2317865ea168df112"
        "5b4e097bbe80316d63483cda96b6514a20911f77210c0fb25d57131ad670390aa84b48dbabdda76a"
        "997e383c96"
    ),
    "integer": (
        "00040200000806810040008000060e00000000101601770060905041418d001bf957"
    ),
    "integer_edition_2": (
        "00040201000806810040008000060e000000001316017800d041824141054146800dfcab80"
    ),
    "two_tensors_edition_2": (
        "00040201000806810040008000060e000000002c160966632e77656967687400d041c120a0c2a080"
        "d96c803b0a58656df8540a3800ba12768da48b8f31780021160966632e6269617300d0c1c3820a80"
        "b4d8000738000a9c20000003669321"
    ),
    "block_batch_norm": (
        "00040200000806810040008000060e00000000d9161d8580636f6e762e77656967687400636f6e76"
        "2e7765696768745f7363616c696e6700626e2e6269617300626e2e77656967687400626e2e72756e"
        "6e696e675f6d65616e00626e2e72756e6e696e675f76617200636f6e762e62696173007e68482838"
        "30a080e3a9000738068a10015e700181e0016d55700006b54f4d25800dc0740011800d500005e800"
        "17ca0050bac60008a4aa8ca68005200a80900a7d00210c00924d00005b6b3ab381926f4c6d668e6d"
        "e2c0ffb40272296bb180f13829182550058cec0c208be1b8fe713aa91fccf772cf466e"
    ),
    "first_update": (
        "00040201000806810840008000060e000000001916097700d046270486850a82f777a900142d31fc"
        "8a653e001216096200d0c6270e182af3990013063c"
    ),
    "second_update": (
        "00040201000806810840008000060e000000001916097700d04a670486850a82f777a90001f78df6"
        "9f42e8001316096200d0ca670e182af39900048ff560"
    ),
}
OUT_OF_BAND = (
    "00040200000806810040008000060e000000000f160977004008f39900094f11c0"
)
# fmt: on

ELEMENTS = {
    "one_tensor": """
0.0 nnr_unit_size_flag u(1) 0 0
0.1 nnr_unit_size u(15) 4 000000000000100
2.0 nnr_unit_type u(6) 0 000000
2.6 independently_decodable_flag u(1) 1 1
2.7 partial_data_counter_present_flag u(1) 0 0
3.0 general_profile_idc u(8) 0 00000000
4.0 nnr_unit_size_flag u(1) 0 0
4.1 nnr_unit_size u(15) 8 000000000001000
6.0 nnr_unit_type u(6) 1 000001
6.6 independently_decodable_flag u(1) 1 1
6.7 partial_data_counter_present_flag u(1) 0 0
7.0 topology_carriage_flag u(1) 1 1
7.1 mps_sparsification_flag u(1) 0 0
7.2 mps_pruning_flag u(1) 0 0
7.3 mps_unification_flag u(1) 0 0
7.4 mps_decomposition_performance_map_flag u(1) 0 0
7.5 mps_quantization_method_flags u(3) 1 001
8.0 mps_topology_indexed_reference_flag u(1) 0 0
8.1 nnr_reserved_zero_7bits u(7) 0 0000000
9.0 mps_qp_density u(3) 2 010
9.3 mps_quantization_parameter i(13) 0 0000000000000
11.0 byte_alignment() - 128 10000000
12.0 nnr_unit_size_flag u(1) 0 0
12.1 nnr_unit_size u(15) 19 000000000010011
14.0 nnr_unit_type u(6) 5 000101
14.6 independently_decodable_flag u(1) 1 1
14.7 partial_data_counter_present_flag u(1) 0 0
15.0 nnr_compressed_data_unit_payload_type u(5) 1 00001
15.5 nnr_multiple_topology_elements_present_flag u(1) 0 0
15.6 nnr_decompressed_data_format_present_flag u(1) 0 0
15.7 input_parameters_present_flag u(1) 1 1
16.0 topology_elem_id st(v) w 7700h
18.0 codebook_present_flag u(1) 0 0
18.1 dq_flag u(1) 0 0
18.2 tensor_dimensions_flag u(1) 1 1
18.3 cabac_unary_length_flag u(1) 1 1
18.4 compressed_parameter_types u(4) 0 0000
19.0 count_tensor_dimensions ue(1) 2 0100
19.4 tensor_dimensions[0] ue(7) 2 10000010
20.4 tensor_dimensions[1] ue(7) 2 10000010
21.4 cabac_unary_length_minus1 u(8) 10 00001010
22.4 scan_order u(4) 0 0000
23.0 byte_alignment() - 128 10000000
""",
    "block": """
12.0 nnr_unit_size_flag u(1) 0 0
12.1 nnr_unit_size u(15) 6 000000000000110
14.0 nnr_unit_type u(6) 3 000011
14.6 independently_decodable_flag u(1) 1 1
14.7 partial_data_counter_present_flag u(1) 0 0
15.0 topology_storage_format u(8) 3 00000011
16.0 topology_compression_format u(8) 0 00000000
17.0 topology_data st(v) - 00h
18.0 nnr_unit_size_flag u(1) 0 0
18.1 nnr_unit_size u(15) 49 000000000110001
20.0 nnr_unit_type u(6) 5 000101
20.6 independently_decodable_flag u(1) 1 1
20.7 partial_data_counter_present_flag u(1) 0 0
21.0 nnr_compressed_data_unit_payload_type u(5) 3 00011
21.5 nnr_multiple_topology_elements_present_flag u(1) 1 1
21.6 nnr_decompressed_data_format_present_flag u(1) 0 0
21.7 input_parameters_present_flag u(1) 1 1
22.0 count_topology_elements_minus2 ue(7) 1 10000001
23.0 byte_alignment() - 128 10000000
24.0 topology_elem_id_list[0] st(v) c 6300h
26.0 topology_elem_id_list[1] st(v) c_scaling 635f7363616c696e6700h
36.0 topology_elem_id_list[2] st(v) d 6400h
38.0 codebook_present_flag u(1) 0 0
38.1 dq_flag u(1) 0 0
38.2 tensor_dimensions_flag u(1) 1 1
38.3 cabac_unary_length_flag u(1) 1 1
38.4 compressed_parameter_types u(4) 10 1010
39.0 count_tensor_dimensions ue(1) 2 0100
39.4 tensor_dimensions[0] ue(7) 2 10000010
40.4 tensor_dimensions[1] ue(7) 2 10000010
41.4 cabac_unary_length_minus1 u(8) 10 00001010
42.4 scan_order u(4) 0 0000
43.0 byte_alignment() - 128 10000000
""",
    "third_update": """
0.0 nnr_unit_size_flag u(1) 0 0
0.1 nnr_unit_size u(15) 4 000000000000100
2.0 nnr_unit_type u(6) 0 000000
2.6 independently_decodable_flag u(1) 1 1
2.7 partial_data_counter_present_flag u(1) 0 0
3.0 general_profile_idc u(8) 1 00000001
4.0 nnr_unit_size_flag u(1) 0 0
4.1 nnr_unit_size u(15) 8 000000000001000
6.0 nnr_unit_type u(6) 1 000001
6.6 independently_decodable_flag u(1) 1 1
6.7 partial_data_counter_present_flag u(1) 0 0
7.0 topology_carriage_flag u(1) 1 1
7.1 mps_sparsification_flag u(1) 0 0
7.2 mps_pruning_flag u(1) 0 0
7.3 mps_unification_flag u(1) 0 0
7.4 mps_decomposition_performance_map_flag u(1) 0 0
7.5 mps_quantization_method_flags u(3) 1 001
8.0 mps_topology_indexed_reference_flag u(1) 0 0
8.1 base_model_id_present_flag u(1) 0 0
8.2 validation_set_performance_present_flag u(1) 0 0
8.3 metric_type_performance_map_valid_flag u(1) 0 0
8.4 mps_parent_signalling_enabled_flag u(1) 1 1
8.5 nnr_pre_flag u(1) 0 0
8.6 nnr_reserved_zero_2bits u(2) 0 00
9.0 mps_qp_density u(3) 2 010
9.3 mps_quantization_parameter i(13) 0 0000000000000
11.0 byte_alignment() - 128 10000000
18.0 nnr_unit_size_flag u(1) 0 0
18.1 nnr_unit_size u(15) 25 000000000011001
20.0 nnr_unit_type u(6) 5 000101
20.6 independently_decodable_flag u(1) 1 1
20.7 partial_data_counter_present_flag u(1) 0 0
21.0 nnr_compressed_data_unit_payload_type u(5) 1 00001
21.5 nnr_multiple_topology_elements_present_flag u(1) 0 0
21.6 nnr_decompressed_data_format_present_flag u(1) 0 0
21.7 input_parameters_present_flag u(1) 1 1
22.0 topology_elem_id st(v) w 7700h
24.0 node_id_present_flag u(1) 1 1
24.1 device_id ue(1) 0 10
24.3 parameter_id ue(5) 0 100000
25.1 put_node_depth ue(4) 3 10011
25.6 parent_node_id_present_flag u(1) 1 1
25.7 parent_node_id_type u(2) 0 00
26.1 temporal_context_modeling_flag u(1) 1 1
26.2 parent_device_id ue(1) 0 10
26.4 codebook_present_flag u(1) 0 0
26.5 dq_flag u(1) 1 1
26.6 tensor_dimensions_flag u(1) 1 1
26.7 cabac_unary_length_flag u(1) 1 1
27.0 compressed_parameter_types u(4) 0 0000
27.4 count_tensor_dimensions ue(1) 2 0100
28.0 tensor_dimensions[0] ue(7) 6 10000110
29.0 tensor_dimensions[1] ue(7) 5 10000101
30.0 cabac_unary_length_minus1 u(8) 10 00001010
31.0 first_tensor_dimension_shift ue(1) 0 10
31.2 scan_order u(4) 0 0000
31.6 byte_alignment() - 2 10
""",
    "codebook": """
18.0 nnr_unit_size_flag u(1) 0 0
18.1 nnr_unit_size u(15) 28 000000000011100
20.0 nnr_unit_type u(6) 5 000101
20.6 independently_decodable_flag u(1) 1 1
20.7 partial_data_counter_present_flag u(1) 0 0
21.0 nnr_compressed_data_unit_payload_type u(5) 1 00001
21.5 nnr_multiple_topology_elements_present_flag u(1) 0 0
21.6 nnr_decompressed_data_format_present_flag u(1) 0 0
21.7 input_parameters_present_flag u(1) 1 1
22.0 topology_elem_id st(v) w 7700h
24.0 node_id_present_flag u(1) 1 1
24.1 device_id ue(1) 0 10
24.3 parameter_id ue(5) 0 100000
25.1 put_node_depth ue(4) 0 10000
25.6 codebook_present_flag u(1) 1 1
25.7 codebook.codebook_egk u(4) 8 1000
26.3 codebook.codebook_size ue(2) 5 01001
27.0 codebook.codebook_centre_offset ie(2) -1 110
27.3 codebook.codebook_zero_value ie(7) -341 001100101010
28.7 codebook.codebook_delta_left[0] ue(8) 682 01110101010
30.2 codebook.codebook_delta_right[0] ue(8) 340 01001010100
31.5 codebook.codebook_delta_right[1] ue(8) 682 01110101010
33.0 codebook.codebook_delta_right[2] ue(8) 681 01110101001
34.3 dq_flag u(1) 0 0
34.4 tensor_dimensions_flag u(1) 1 1
34.5 cabac_unary_length_flag u(1) 1 1
34.6 compressed_parameter_types u(4) 0 0000
35.2 count_tensor_dimensions ue(1) 2 0100
35.6 tensor_dimensions[0] ue(7) 2 10000010
36.6 tensor_dimensions[1] ue(7) 3 10000011
37.6 cabac_unary_length_minus1 u(8) 10 00001010
38.6 first_tensor_dimension_shift ue(1) 0 10
39.0 scan_order u(4) 0 0000
39.4 byte_alignment() - 8 1000
""",
    "entry_points": """
18.0 nnr_unit_size_flag u(1) 0 0
18.1 nnr_unit_size u(15) 68 000000001000100
20.0 nnr_unit_type u(6) 5 000101
20.6 independently_decodable_flag u(1) 1 1
20.7 partial_data_counter_present_flag u(1) 0 0
21.0 nnr_compressed_data_unit_payload_type u(5) 1 00001
21.5 nnr_multiple_topology_elements_present_flag u(1) 0 0
21.6 nnr_decompressed_data_format_present_flag u(1) 0 0
21.7 input_parameters_present_flag u(1) 1 1
22.0 topology_elem_id st(v) w 7700h
24.0 codebook_present_flag u(1) 0 0
24.1 dq_flag u(1) 1 1
24.2 tensor_dimensions_flag u(1) 1 1
24.3 cabac_unary_length_flag u(1) 1 1
24.4 compressed_parameter_types u(4) 0 0000
25.0 count_tensor_dimensions ue(1) 2 0100
25.4 tensor_dimensions[0] ue(7) 20 10010100
26.4 tensor_dimensions[1] ue(7) 9 10001001
27.4 cabac_unary_length_minus1 u(8) 10 00001010
28.4 scan_order u(4) 1 0001
29.0 entry_points[0].cabac_offset_list u(8) 60 00111100
30.0 entry_points[0].dq_state_list u(3) 1 001
30.3 entry_points[0].bit_offset_delta1 ue(11) 147 100010010011
31.7 entry_points[1].cabac_offset_list u(8) 49 00110001
32.7 entry_points[1].dq_state_list u(3) 6 110
33.2 entry_points[1].bit_offset_delta2 ie(7) 2 10000011
34.2 byte_alignment() - 32 100000
""",
    "low_rank_two_codebooks": """
18.0 nnr_unit_size_flag u(1) 0 0
18.1 nnr_unit_size u(15) 121 000000001111001
20.0 nnr_unit_type u(6) 5 000101
20.6 independently_decodable_flag u(1) 1 1
20.7 partial_data_counter_present_flag u(1) 0 0
21.0 nnr_compressed_data_unit_payload_type u(5) 3 00011
21.5 nnr_multiple_topology_elements_present_flag u(1) 1 1
21.6 nnr_decompressed_data_format_present_flag u(1) 0 0
21.7 input_parameters_present_flag u(1) 1 1
22.0 count_topology_elements_minus2 ue(7) 1 10000001
23.0 byte_alignment() - 128 10000000
24.0 topology_elem_id_list[0] st(v) fc.weight_G 66632e7765696768745f4700h
36.0 topology_elem_id_list[1] st(v) fc.weight_H 66632e7765696768745f4800h
48.0 topology_elem_id_list[2] st(v) fc.bias 66632e6269617300h
56.0 codebook_present_flag u(1) 1 1
56.1 codebook.codebook_egk u(4) 0 0000
56.5 codebook.codebook_size ue(2) 12 0010000
57.4 codebook.codebook_centre_offset ie(2) 0 100
57.7 codebook.codebook_zero_value ie(7) 0 10000000
58.7 codebook.codebook_delta_left[0] ue(0) 0 1
59.0 codebook.codebook_delta_left[1] ue(0) 0 1
59.1 codebook.codebook_delta_left[2] ue(0) 0 1
59.2 codebook.codebook_delta_left[3] ue(0) 0 1
59.3 codebook.codebook_delta_left[4] ue(0) 0 1
59.4 codebook.codebook_delta_left[5] ue(0) 0 1
59.5 codebook.codebook_delta_right[0] ue(0) 0 1
59.6 codebook.codebook_delta_right[1] ue(0) 0 1
59.7 codebook.codebook_delta_right[2] ue(0) 0 1
60.0 codebook.codebook_delta_right[3] ue(0) 0 1
60.1 codebook.codebook_delta_right[4] ue(0) 2 011
60.4 dq_flag u(1) 0 0
60.5 tensor_dimensions_flag u(1) 1 1
60.6 cabac_unary_length_flag u(1) 1 1
60.7 compressed_parameter_types u(4) 9 1001
61.3 decomposition_rank ue(3) 3 1011
61.7 g_number_of_rows ue(3) 20 011100
62.5 count_tensor_dimensions ue(1) 3 0101
63.1 tensor_dimensions[0] ue(7) 20 10010100
64.1 tensor_dimensions[1] ue(7) 2 10000010
65.1 tensor_dimensions[2] ue(7) 9 10001001
66.1 cabac_unary_length_minus1 u(8) 9 00001001
67.1 codebook_dc.codebook_egk u(4) 0 0000
67.5 codebook_dc.codebook_size ue(2) 9 01101
68.2 codebook_dc.codebook_centre_offset ie(2) -1 110
68.5 codebook_dc.codebook_zero_value ie(7) -1 10000010
69.5 codebook_dc.codebook_delta_left[0] ue(0) 0 1
69.6 codebook_dc.codebook_delta_left[1] ue(0) 0 1
69.7 codebook_dc.codebook_delta_left[2] ue(0) 0 1
70.0 codebook_dc.codebook_delta_right[0] ue(0) 0 1
70.1 codebook_dc.codebook_delta_right[1] ue(0) 0 1
70.2 codebook_dc.codebook_delta_right[2] ue(0) 0 1
70.3 codebook_dc.codebook_delta_right[3] ue(0) 0 1
70.4 codebook_dc.codebook_delta_right[4] ue(0) 1 010
70.7 scan_order u(4) 0 0000
71.3 byte_alignment() - 16 10000
""",
    "low_rank_entry_points": """
18.0 nnr_unit_size_flag u(1) 0 0
18.1 nnr_unit_size u(15) 187 000000010111011
20.0 nnr_unit_type u(6) 5 000101
20.6 independently_decodable_flag u(1) 1 1
20.7 partial_data_counter_present_flag u(1) 0 0
21.0 nnr_compressed_data_unit_payload_type u(5) 3 00011
21.5 nnr_multiple_topology_elements_present_flag u(1) 1 1
21.6 nnr_decompressed_data_format_present_flag u(1) 0 0
21.7 input_parameters_present_flag u(1) 1 1
22.0 count_topology_elements_minus2 ue(7) 1 10000001
23.0 byte_alignment() - 128 10000000
24.0 topology_elem_id_list[0] st(v) fc.weight_G 66632e7765696768745f4700h
36.0 topology_elem_id_list[1] st(v) fc.weight_H 66632e7765696768745f4800h
48.0 topology_elem_id_list[2] st(v) fc.bias 66632e6269617300h
56.0 codebook_present_flag u(1) 0 0
56.1 dq_flag u(1) 1 1
56.2 tensor_dimensions_flag u(1) 1 1
56.3 cabac_unary_length_flag u(1) 1 1
56.4 compressed_parameter_types u(4) 9 1001
57.0 decomposition_rank ue(3) 10 010010
57.6 g_number_of_rows ue(3) 20 011100
58.4 count_tensor_dimensions ue(1) 2 0100
59.0 tensor_dimensions[0] ue(7) 20 10010100
60.0 tensor_dimensions[1] ue(7) 18 10010010
61.0 cabac_unary_length_minus1 u(8) 10 00001010
62.0 scan_order u(4) 1 0001
62.4 entry_points[0].cabac_offset_list u(8) 61 00111101
63.4 entry_points[0].dq_state_list u(3) 7 111
63.7 entry_points[0].bit_offset_delta1 ue(11) 187 100010111011
65.3 entry_points[1].cabac_offset_list u(8) 45 00101101
66.3 entry_points[1].dq_state_list u(3) 6 110
66.6 entry_points[1].bit_offset_delta2 ie(7) -1 10000010
67.6 entry_points[2].cabac_offset_list u(8) 35 00100011
68.6 entry_points[2].dq_state_list u(3) 7 111
69.1 entry_points[2].bit_offset_delta2 ie(7) 173 0111011001
70.3 byte_alignment() - 16 10000
""",
}
